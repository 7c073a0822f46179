/**
 * A sound, a velocity and a round robin -> what is played: the sound as a kit's layer has it, as loud as the velocity says.
 *
 * A stroke never waits: layers are made in a thread of their own (colour_worker.js), and until one is there, the sound itself
 * is played at the layer's level.
 */

import { audio, bufferOf } from "./audio.js";
import { amplitudeOf, keyOf, layerOf, ROBINS, variationOf } from "./velocity.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{buffer: AudioBuffer, gain: number, rate: number}} Stroke  rate: of the playback, 1 is as it is */
/** @typedef {{buffer: AudioBuffer, matching: number}} Layer  matching: gain that makes it as loud as the sound itself */
/** @typedef {{layers: Map<string, Layer>, ready: Promise<void>, finish: () => void}} Prepared */

const MOST_SOUNDS = 12; // whose strokes are kept: of the pads, and of what was selected last

/** @type {Map<Sound, Prepared>} the latest last */
const kept = new Map();
/** @type {Sound[]} whose layers nobody makes yet, the most urgent last */
let waiting = [];
/** @type {Sound | null} whose layers are being made */
let current = null;
/** @type {Worker | null} */
let worker = null;

/** @param {Sound} sound @param {number} velocity 1 to 127 @param {number} robin from 0 on @returns {Stroke} */
export function strokeOf(sound, velocity, robin) {
  const number = robin % ROBINS;
  const { cents, levelDb } = variationOf(number);
  const { buffer, matching } = layerFor(sound, keyOf(layerOf(velocity), number));
  return { buffer, gain: matching * amplitudeOf(velocity) * 10 ** (levelDb / 20), rate: 2 ** (cents / 1200) };
}

/** Make all strokes of a sound; resolves when they are there, or when others have pushed them out. @param {Sound} sound */
export function prepareStrokes(sound) {
  let own = kept.get(sound);
  if (!own) {
    let finish = () => {};
    const ready = new Promise((/** @type {(value: void) => void} */ resolve) => (finish = resolve));
    own = { layers: new Map(), ready, finish };
    waiting.push(sound);
  }
  kept.delete(sound);
  kept.set(sound, own);
  for (const [oldest, { finish }] of kept) {
    if (kept.size <= MOST_SOUNDS) break;
    kept.delete(oldest);
    finish();
  }
  goOn();
  return own.ready;
}

/** @param {Sound} sound @param {string | null} key null: the sound itself @returns {Layer} */
function layerFor(sound, key) {
  if (key !== null) {
    void prepareStrokes(sound);
    const made = kept.get(sound)?.layers.get(key);
    if (made) return made;
  }
  return { buffer: bufferOf(sound), matching: 1 };
}

/** Give the worker the next sound, when it has nothing to do. */
function goOn() {
  if (current) return;
  waiting = waiting.filter((sound) => kept.has(sound));
  current = waiting.pop() ?? null;
  if (!current) return;
  worker ??= begun();
  worker.postMessage({ samples: current.samples, rate: current.rate });
}

function begun() {
  const made = new Worker(new URL("./colour_worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data: { key, samples, matching, done } }) => {
    const sound = /** @type {Sound} */ (current);
    const own = kept.get(sound);
    if (done) {
      own?.finish();
      current = null;
      return goOn();
    }
    const buffer = audio().createBuffer(samples.length, samples[0].length, sound.rate);
    samples.forEach((/** @type {Float32Array<ArrayBuffer>} */ part, /** @type {number} */ channel) => buffer.copyToChannel(part, channel));
    own?.layers.set(key, { buffer, matching });
  };
  return made;
}

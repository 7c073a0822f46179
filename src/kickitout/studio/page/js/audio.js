/** Sounds out of the speakers: one kick at a time, at once. */

import { outputOf } from "./master.js";

/** @typedef {import("./types.js").Sound} Sound */

const MATCHED_LUFS = -14; // where sounds meet that are to be equally loud: about the level of a loud kick
const FADE_S = 0.003; // of a kick that the next one ends

/** @type {AudioContext | null} */
let context = null;
/** @typedef {{source: AudioBufferSourceNode, gain: GainNode}} Voice */
/** @type {Voice | null} */
let sounding = null; // what was played last by itself

/** The page's audio, made when it is first needed, at the rate of the kicks. */
export function audio() {
  if (!context) context = new AudioContext({ sampleRate: 44100, latencyHint: "interactive" });
  return context;
}

/** Whether the browser lets the page sound yet. */
export const awake = () => context?.state === "running";

/** Wake the audio up; browsers allow it in answer to a click or a key only. */
export function wake() {
  const ctx = audio();
  if (ctx.state !== "running") void ctx.resume();
}

/** The samples of a sound as the browser plays them. @param {Sound} sound */
export function bufferOf(sound) {
  if (!sound.buffer) {
    const buffer = audio().createBuffer(sound.samples.length, sound.samples[0].length, sound.rate);
    sound.samples.forEach((samples, channel) => buffer.copyToChannel(/** @type {any} */ (samples), channel));
    sound.buffer = buffer;
  }
  return sound.buffer;
}

/** Make a sound ready to be played without delay. @param {Sound} sound */
export const prepare = (sound) => void bufferOf(sound);

/** Gain that makes a sound as loud as every other; 1 where nothing has measured it. @param {Sound} sound */
export function matchingGain(sound) {
  const lufs = sound.card?.loudness_lufs;
  return typeof lufs === "number" ? Math.min(2, 10 ** ((MATCHED_LUFS - lufs) / 20)) : 1;
}

/**
 * Play a sound once, now, and end the one that was played before. @see tellOfSound
 * @param {Sound} sound
 * @param {{since?: number, gain?: number}} [how]
 */
export function play(sound, { since = performance.now(), gain = 1 } = {}) {
  if (sounding) fade(sounding);
  sounding = start(bufferOf(sound), audio().currentTime, gain);
  tellOfSound(sound.name, since);
  return sounding;
}

/**
 * Tell how long after `since` (an event's time stamp) a sound was handed to the audio hardware's queue, and how long that
 * queue is, in an event "kick-sound" of the document.
 * @param {string} name
 * @param {number} since
 */
export function tellOfSound(name, since) {
  const ctx = audio();
  const output = 1000 * (ctx.baseLatency + (ctx.outputLatency || 0));
  const detail = { name, handledMs: performance.now() - since, outputMs: output, running: awake() };
  document.dispatchEvent(new CustomEvent("kick-sound", { detail }));
}

/**
 * Hand a sound to the queue.
 * @param {AudioBuffer} buffer
 * @param {number} when in the context's time
 * @param {number} level
 * @param {number} [rate] of the playback
 * @returns {Voice}
 */
export function start(buffer, when, level, rate = 1) {
  const ctx = audio();
  const source = ctx.createBufferSource();
  source.buffer = buffer;
  source.playbackRate.value = rate;
  const gain = ctx.createGain();
  gain.gain.value = level;
  source.connect(gain).connect(outputOf(ctx));
  source.start(when);
  source.onended = () => gain.disconnect();
  return { source, gain };
}

/** End a sound without a click. @param {Voice} voice @param {number} [when] in the context's time */
export function fade({ source, gain }, when = audio().currentTime) {
  gain.gain.setTargetAtTime(0, when, FADE_S / 3);
  source.stop(when + 2 * FADE_S);
}

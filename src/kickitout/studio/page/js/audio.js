/** Sounds out of the speakers: one kick at a time, at once. */

/** @typedef {import("./types.js").Sound} Sound */

const MATCHED_LUFS = -14; // where sounds meet that are to be equally loud: about the level of a loud kick
const FADE_S = 0.003; // of a kick that the next one ends

/** @type {AudioContext | null} */
let context = null;
/** @type {{source: AudioBufferSourceNode, gain: GainNode} | null} */
let sounding = null;

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
 * Play a sound once, now. Tells how long after `since` (an event's time stamp) it was handed to the audio hardware's
 * queue, and how long that queue is, in an event "kick-sound" of the document.
 * @param {Sound} sound
 * @param {{since?: number, gain?: number}} [how]
 */
export function play(sound, { since = performance.now(), gain = 1 } = {}) {
  const ctx = audio();
  const now = ctx.currentTime;
  if (sounding) {
    sounding.gain.gain.setTargetAtTime(0, now, FADE_S / 3);
    sounding.source.stop(now + 2 * FADE_S);
  }
  sounding = start(sound, now, gain);
  const output = 1000 * (ctx.baseLatency + (ctx.outputLatency || 0));
  const detail = { name: sound.name, handledMs: performance.now() - since, outputMs: output, running: awake() };
  document.dispatchEvent(new CustomEvent("kick-sound", { detail }));
  return sounding;
}

/** @param {Sound} sound @param {number} when in the context's time @param {number} level */
export function start(sound, when, level) {
  const ctx = audio();
  const source = ctx.createBufferSource();
  source.buffer = bufferOf(sound);
  const gain = ctx.createGain();
  gain.gain.value = level;
  source.connect(gain).connect(ctx.destination);
  source.start(when);
  source.onended = () => gain.disconnect();
  return { source, gain };
}

/**
 * A sound made ready to be measured, as kickitout.descriptors.block: its landmarks in time, its spectrum, and bands cut from
 * it, on the same grid. Every filter is a real gain on the spectrum. Here one sound at a time, in double precision.
 */

import { fft, inverseFft } from "./fft.js";

/** @typedef {{length: number, rate: number, step: number, size: number}} Grid  step: samples in one of a decimated band; size: of the transforms */
/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum  of all bins, [size] */
/**
 * A sound with a peak of 1. wave: [T]; peak: what it was divided by; onset: first sample at -40 dB re peak; gone: where it
 * is over, in samples.
 * @typedef {{wave: Float32Array, peak: number, grid: Grid, onset: number, gone: number, spectrum: Spectrum}} Block
 */

const ONSET_LEVEL = 10 ** (-40 / 20);
const END_LEVEL = 10 ** (-80 / 20);
const PAD_MS = 10;
const SILENT_PEAK = 1e-20;
const LOW_RATE = 5500;
const CLICK_FROM_HZ = 2000;
const CLICK_WIDTH_HZ = 800;
const [LONG_BEFORE, BEFORE, SHORTLY_BEFORE] = [30, 20, 10]; // ms before the end: two pieces tell whether it ends in steady noise
const STEADY = 2;
const LOUDEST_FLOOR = 10 ** (-46 / 10);
const OVER_NOISE = 4;
const RUN_MS = 6;

/** @param {number} rate @param {number} ms */
export const samplesOf = (rate, ms) => Math.round((ms * rate) / 1000);

/** Whether a number has no prime factor above 5. @param {number} number */
function isSmooth(number) {
  for (const prime of [2, 3, 5]) while (number % prime === 0) number /= prime;
  return number === 1;
}

/** The smallest multiple from `least` on that is quickly transformed. @param {number} least @param {number} multiple */
export function fastLength(least, multiple) {
  let size = Math.ceil(least / multiple) * multiple;
  while (!isSmooth(size)) size += multiple;
  return size;
}

/** @param {number} length @param {number} rate @returns {Grid} */
function gridOf(length, rate) {
  let step = Math.floor(rate / LOW_RATE);
  while (!isSmooth(step)) step--;
  return { length, rate, step, size: fastLength(length + samplesOf(rate, PAD_MS), 2 * step) };
}

/** The mean of the channels. @param {Float32Array[]} channels */
export function monoOf(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

/** A sound that can be measured; null for silence and for what is not finite. @param {Float32Array} sound @param {number} rate Hz @returns {Block | null} */
export function blockOf(sound, rate) {
  let peak = 0;
  for (const x of sound) {
    if (!Number.isFinite(x)) return null;
    peak = Math.max(peak, Math.abs(x));
  }
  if (peak < SILENT_PEAK) return null;
  const grid = gridOf(sound.length, rate);
  const gain = Math.fround(1 / peak);
  const wave = sound.map((x) => x * gain);
  const [begins, ends] = [ONSET_LEVEL, END_LEVEL].map(Math.fround);
  const onset = wave.findIndex((x) => Math.abs(x) >= begins);
  const end = wave.findLastIndex((x) => Math.abs(x) >= ends) + 1;
  const spectrum = { re: new Float64Array(grid.size), im: new Float64Array(grid.size) };
  spectrum.re.set(wave);
  fft(spectrum.re, spectrum.im);
  return { wave, peak, grid, onset, gone: goneAt(wave, rate, end), spectrum };
}

/** Where a sound sinks into noise that runs on behind it, or ends. @param {Float32Array} wave @param {number} rate @param {number} end */
function goneAt(wave, rate, end) {
  const ms = samplesOf(rate, 1);
  const count = Math.floor(wave.length / ms);
  if (count <= LONG_BEFORE) return end;
  const first = wave.length - count * ms;
  const power = new Float64Array(count);
  for (let i = first; i < wave.length; i++) power[Math.floor((i - first) / ms)] += wave[i] ** 2 / ms;
  const mean = (/** @type {number} */ from, /** @type {number} */ to) => sum(power, Math.max(from, 0), Math.min(to, count)) / (to - from);
  const early = mean(count - LONG_BEFORE, count - BEFORE);
  const late = mean(count - BEFORE, count - SHORTLY_BEFORE);
  const noise = Math.max(early, late);
  if (noise >= STEADY * Math.min(early, late) || noise >= LOUDEST_FLOOR) return end;
  const half = RUN_MS / 2;
  const last = power.findLastIndex((_, i) => mean(i - half, i + half) > OVER_NOISE * noise);
  return last < 0 ? end : Math.min(end, first + (last + 1) * ms);
}

/** @param {ArrayLike<number>} values @param {number} from @param {number} to */
function sum(values, from, to) {
  let all = 0;
  for (let i = from; i < to; i++) all += values[i];
  return all;
}

/**
 * The sound through a gain, decimated: [size / step].
 * @param {Block} block @param {(hz: number) => number} gain of a frequency, 0 from `until` on @param {number} until Hz @param {number} [step]
 */
export function lowBand({ grid, spectrum }, gain, until, step = grid.step) {
  return cut(grid, spectrum, gain, Math.min(Math.ceil((until * grid.size) / grid.rate), grid.size / step / 2), step);
}

/** The sound above 2 kHz: [size]. @param {Block} block */
export const clickBand = ({ grid, spectrum }) => cut(grid, spectrum, clickGain, grid.size / 2 + 1, 1);

/** The sound below 2 kHz, decimated. @param {Block} block */
export const bodyBand = (block) => lowBand(block, (hz) => Math.sqrt(1 - clickGain(hz) ** 2), CLICK_FROM_HZ + CLICK_WIDTH_HZ / 2);

/** @param {number} hz */
const clickGain = (hz) => Math.sin(Math.min(Math.max((hz - CLICK_FROM_HZ) / CLICK_WIDTH_HZ + 0.5, 0), 1) * (Math.PI / 2));

/** @param {Grid} grid @param {Spectrum} spectrum @param {(hz: number) => number} gain @param {number} bins @param {number} step */
function cut(grid, spectrum, gain, bins, step) {
  const size = grid.size / step;
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  for (let bin = 0; bin < bins; bin++) {
    const times = gain((bin * grid.rate) / grid.size) / step;
    re[bin] = spectrum.re[bin] * times;
    im[bin] = spectrum.im[bin] * times;
  }
  return realOf(re, im);
}

/** Real numbers from the first half of their spectrum, which is overwritten. @param {Float64Array} re @param {Float64Array} im */
export function realOf(re, im) {
  const size = re.length;
  for (let bin = 1; bin < size / 2; bin++) {
    re[size - bin] = re[bin];
    im[size - bin] = -im[bin];
  }
  im[0] = im[size / 2] = 0;
  inverseFft(re, im);
  return re;
}

/** Power in dB, never below -120. @param {number} power */
export const toDb = (power) => 10 * Math.log10(Math.max(power, 1e-12));

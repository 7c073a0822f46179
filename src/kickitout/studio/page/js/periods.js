/**
 * The pitch of a sound and its fall, period by period, from zero crossings: kickitout.descriptors.pitch, step by step, which
 * says why. Times are ms after the sound's onset.
 */

import { fft } from "./fft.js";
import { bodyBand, lowBand, samplesOf } from "./block.js";

/** @typedef {import("./block.js").Block} Block */
/** @typedef {{ms: number, hz: number, weight: number}} Period  ms: of its middle; weight: its energy */
/** @typedef {{periods: Period[], final: number}} Track  final: where the pitched time ends */

const LOW_PASS_HZ = [400, 800];
const BLIND_MS = 1;
const PITCH_RANGE_DB = 40;
const LONGEST_HALF_MS = 28;
const MODE_HZ = [18, 300];
const LEAST_TURNS = 1.2;
const TAIL_FROM = 0.45;
const TAIL_RISE = [0.2, 0.7];
const TAIL_FALL = [1.3, 1.9];
const START_MS = 10;
const SWEEP_MS = [5, 15];
const SWEEP_SHARE = 0.7;
const SWEEP_PASS_HZ = [2000, 4000];
const SWEEP_SEMITONES = 1.5;
const LEAST_PERIODS = 6;
const JOIN_HZ = 450;

/** How far a value lies on the way from low to high, 0 to 1. @param {number} x @param {number[]} span */
const way = (x, [low, high]) => Math.min(Math.max((x - low) / (high - low), 0), 1);

/** A low-pass, half a cosine. @param {number[]} span Hz @returns {(hz: number) => number} */
const lowPass = (span) => (hz) => 0.5 + 0.5 * Math.cos(Math.PI * way(hz, span));

/** The periods of a sound, one a half period, with what they weigh. @param {Block} block @returns {Period[]} */
export function periodsOf(block) {
  const { rate, step } = block.grid;
  const low = rate / step;
  const onset = (block.onset * 1000) / rate;
  const end = ((block.gone - block.onset) * 1000) / rate;
  const wide = lowBand(block, lowPass(LOW_PASS_HZ), LOW_PASS_HZ[1]);
  const whole = found(wide, low, onset, BLIND_MS, end);
  const half = whole.final * TAIL_FROM;
  const mode = loudestMode(wide, low, onset, half, whole.final);
  const narrow = lowBand(block, around(mode), TAIL_FALL[1] * MODE_HZ[1]);
  const tail = found(narrow, low, onset, Math.max(half - 1000 / mode, BLIND_MS), whole.final);
  const high = highSweep(block, wide, end);
  const until = high?.until ?? 0;
  return [
    ...(high ? high.periods.filter(({ ms }) => ms < Math.min(until, half)) : []),
    ...whole.periods.filter(({ ms }) => ms >= until && ms < half),
    ...tail.periods.filter(({ ms }) => ms >= half),
  ].filter(({ weight }) => weight > 0);
}

/** Half-cosines around the main frequency of a tail. @param {number} mode Hz @returns {(hz: number) => number} */
function around(mode) {
  const quarter = Math.PI / 2;
  return (hz) => (Math.sin(quarter * way(hz / mode, TAIL_RISE)) * Math.cos(quarter * way(hz / mode, TAIL_FALL))) ** 2;
}

/**
 * Periods between two times, from zero crossings of the same direction.
 * @param {Float64Array} wave @param {number} rate of it @param {number} onset ms @param {number} start ms @param {number} stop ms, where the last half wave ends
 * @returns {Track}
 */
function found(wave, rate, onset, start, stop) {
  const ms = 1000 / rate;
  const [times, begins] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let i = 0; i + 1 < wave.length; i++) {
    const at = i * ms - onset;
    if (wave[i] >= 0 === wave[i + 1] >= 0 || at < start || at >= stop) continue;
    times.push(at + (wave[i] / (wave[i] - wave[i + 1])) * ms);
    begins.push(i + 1);
  }
  const crossings = times.length;
  times.push(stop);
  begins.push(Math.min(Math.ceil((stop + onset) / ms), wave.length - 1));
  const heights = begins.slice(0, -1).map((from, k) => {
    if (times[k + 1] - times[k] > LONGEST_HALF_MS) return 0; // an offset that fades
    let most = Math.abs(wave[from]);
    for (let i = from; i < begins[k + 1]; i++) most = Math.max(most, Math.abs(wave[i]));
    return most;
  });
  const least = 10 ** (-PITCH_RANGE_DB / 20) * heights.reduce((a, b) => Math.max(a, b), 0);
  const last = heights.findLastIndex((height) => height > least);
  const count = last < 0 ? 0 : Math.min(last + 2, crossings);
  const periods = Array.from({ length: Math.max(count - 2, 0) }, (_, p) => {
    const long = times[p + 2] - times[p];
    return { ms: times[p] + long / 2, hz: 1000 / long, weight: long * (heights[p] + heights[p + 1]) ** 2 };
  });
  return { periods, final: last < 0 ? 0 : times[last + 1] };
}

/** Frequency of the highest line between two times, the lower the better. @param {Float64Array} wave @param {number} rate @param {number} onset ms @param {number} start ms @param {number} stop ms */
function loudestMode(wave, rate, onset, start, stop) {
  const size = wave.length;
  const span = Math.max(stop - start, 1);
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) re[i] = wave[i] * (1 - Math.cos(2 * Math.PI * way((i * 1000) / rate - onset, [start, start + span])));
  fft(re, im);
  const [first, last] = MODE_HZ.map((hz) => Math.ceil((hz * size) / rate));
  const height = (/** @type {number} */ bin) => Math.hypot(re[bin], im[bin]) + 1e-12;
  let [best, most] = [first, -1];
  for (let bin = first; bin < last; bin++) {
    const hz = (bin * rate) / size;
    const peak = height(bin) > height(bin - 1) && height(bin) >= height(bin + 1); // and not a slope
    const line = hz < (LEAST_TURNS * 1000) / span ? 0 : (height(bin) / Math.sqrt(hz)) * (peak ? 2 : 1);
    if (line > most) [best, most] = [bin, line];
  }
  const [before, here, behind] = [-1, 0, 1].map((k) => Math.log(height(best + k)));
  const bend = Math.min(before - 2 * here + behind, -1e-9);
  return ((best + Math.min(Math.max((0.5 * (before - behind)) / bend, -0.5), 0.5)) * rate) / size;
}

/** The periods of a sweep that is still above the band of `wide` 10 ms after the onset, and when it falls below JOIN_HZ; null where there is none. @param {Block} block @param {Float64Array} wide @param {number} end ms */
function highSweep(block, wide, end) {
  const { rate, step } = block.grid;
  const first = Math.ceil((block.onset + samplesOf(rate, SWEEP_MS[0])) / step);
  const last = first + Math.floor(samplesOf(rate, SWEEP_MS[1] - SWEEP_MS[0]) / step);
  const energy = (/** @type {Float64Array} */ band) => band.subarray(first, last).reduce((sum, x) => sum + x * x, 0);
  if (energy(wide) / Math.max(energy(bodyBand(block)), 1e-20) >= SWEEP_SHARE) return null;
  const finer = Math.max(1, Math.floor(step / 4));
  const wave = lowBand(block, lowPass(SWEEP_PASS_HZ), SWEEP_PASS_HZ[1], finer);
  const { periods } = found(wave, rate / finer, (block.onset * 1000) / rate, BLIND_MS, end);
  const early = periods.map(({ ms, weight }) => (ms > 2 * BLIND_MS && ms < 2 * START_MS ? weight : 0));
  if (early.filter((weight) => weight > 0).length < LEAST_PERIODS) return null;
  if (12 * roughness(periods.map(({ hz }) => Math.log2(hz)), early) >= SWEEP_SEMITONES) return null;
  return { periods, until: periods.find(({ hz, weight }) => hz < JOIN_HZ && weight > 0)?.ms ?? Infinity };
}

/** Weighted median of how far each value lies from the mean of its neighbours. @param {number[]} values @param {number[]} weights */
function roughness(values, weights) {
  const bends = values.slice(1, -1).map((value, i) => ({
    value: Math.abs(value - (values[i] + values[i + 2]) / 2),
    weight: Math.min(weights[i], weights[i + 1], weights[i + 2]),
  }));
  return weightedMedian(bends);
}

/** The value below which half of the weight lies, interpolated between the middles of the steps. @param {{value: number, weight: number}[]} all */
function weightedMedian(all) {
  let total = 0;
  const steps = all
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.value - b.value)
    .map(({ value, weight }) => ({ value, middle: (total += weight) - weight / 2 }));
  const above = steps.findIndex(({ middle }) => middle >= total / 2);
  if (above <= 0) return steps.length ? steps[0].value : 0;
  const [low, high] = [steps[above - 1], steps[above]];
  return low.value + ((total / 2 - low.middle) / (high.middle - low.middle)) * (high.value - low.value);
}

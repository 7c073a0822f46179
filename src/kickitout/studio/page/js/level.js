/**
 * How the level of a sound runs: kickitout.descriptors.level, step by step, which says why. The squared envelope of the
 * analytic signal below 2 kHz, and of the mean square above, under a Gaussian.
 */

import { bodyBand, clickBand, fastLength, realOf, toDb } from "./block.js";
import { fft } from "./fft.js";

/** @typedef {import("./block.js").Block} Block */
/** @typedef {{ms: number[], db: number[]}} Level  ms from the beginning of the sound, from its onset on; dB re full scale */

const SMOOTH_MS = 3;
const LONGEST_SMOOTH_MS = 10; // of the card's other curve, which the transforms leave room for
const QUADRATURE_HZ = 10;
const RING_MS = 100;
const REACH = 7; // standard deviations
const COARSE = 4;

/** @param {Block} block @returns {Level} */
export function levelOf(block) {
  const { length, rate, step } = block.grid;
  const low = rate / step;
  const used = Math.ceil(length / step);
  const size = fastLength(used + Math.ceil((Math.max(REACH * LONGEST_SMOOTH_MS, RING_MS) / 1000) * low), 2 * COARSE);
  const power = powerOf(block, used, size);
  const start = Math.ceil(block.onset / step);
  power.fill(0, 0, start);
  power.fill(0, used);
  const smooth = smoothed(power, low);
  const share = shares((SMOOTH_MS / 1000) * low);
  /** @type {Level} */
  const level = { ms: [], db: [] };
  for (let at = COARSE * Math.ceil(start / COARSE); at < used; at += COARSE) {
    const inside = share[Math.min(at - start, share.length - 1)] * share[Math.min(used - 1 - at, share.length - 1)];
    level.ms.push((at * 1000) / low);
    level.db.push(toDb(Math.max(smooth[at / COARSE], 0) / inside) + 20 * Math.log10(block.peak));
  }
  return level;
}

/** The squared envelope, [size]. @param {Block} block @param {number} used @param {number} size */
function powerOf(block, used, size) {
  const { rate, step } = block.grid;
  const [body, click] = [bodyBand(block), clickBand(block)];
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  re.set(body.subarray(0, used));
  fft(re, im);
  for (let bin = 0; bin <= size / 2; bin++) {
    const turn = Math.expm1(-0.5 * ((bin * rate) / step / size / QUADRATURE_HZ) ** 2);
    [re[bin], im[bin]] = [-turn * im[bin], turn * re[bin]];
  }
  const turned = realOf(re, im);
  const power = turned.map((x) => x * x);
  for (let i = 0; i < used; i++) {
    power[i] += body[i] ** 2;
    for (let k = i * step; k < (i + 1) * step; k++) power[i] += (click[k] ** 2 * 2) / step;
  }
  return power;
}

/** Under a Gaussian, decimated. @param {Float64Array} power @param {number} rate of it */
function smoothed(power, rate) {
  const size = power.length;
  const sigma = (SMOOTH_MS / 1000) * rate;
  const im = new Float64Array(size);
  fft(power, im);
  const [coarse, turned] = [new Float64Array(size / COARSE), new Float64Array(size / COARSE)];
  for (let bin = 0; bin <= size / COARSE / 2; bin++) {
    const gain = Math.exp(-0.5 * ((2 * Math.PI * sigma * bin) / size) ** 2) / COARSE;
    coarse[bin] = power[bin] * gain;
    turned[bin] = im[bin] * gain;
  }
  return realOf(coarse, turned);
}

/** The share of a Gaussian's weight that lies from -k on, k = 0 ... its reach. @param {number} sigma samples */
function shares(sigma) {
  const reach = Math.ceil(REACH * sigma);
  const sums = new Float64Array(2 * reach + 1);
  let sum = 0;
  for (let i = 0; i < sums.length; i++) sums[i] = sum += Math.exp(-0.5 * ((i - reach) / sigma) ** 2);
  return sums.subarray(reach).map((part) => part / sum);
}

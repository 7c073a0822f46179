/**
 * A kick that rings past the half second of its model: kickitout.generation.tail, step by step, which says why and where
 * it is from. Numbers are double, as there; decompositions are others, and differ in the last digits.
 */

import { eigenvalues, leastSquares, symmetricEigen } from "./linear.js";

/** @typedef {import("./linear.js").Complex} Complex */
/** @typedef {{exponents: Complex[], amplitudes: Complex[][]}} Partials  amplitudes: of each channel */

const RATE = 44100; // Hz
const LENGTH = 22050; // samples that a model makes
const FADE_OUT = 441; // samples over which it fades
const INAUDIBLE_DB = -70; // re the peak
const SLOWEST_DB_S = 15;
const FASTEST_DB_S = 600;
const END_FADE = 4410; // samples
const STEP = 64; // samples between those that are analysed
const PASSED_HZ = 220;
const TAPS = 1024;
const WINDOW = 6615; // samples that are analysed: 150 ms
const MOST_PARTIALS = 4;
const AUDIBLE_PART = 1e-2;
const LEAST_ENERGY = 1e-20;
const HELD = 1102; // samples
const STOPPING_DB = 3;
const LOUDEST = 2205; // samples
const RISE_DB = 2;
const BLOCK = 256; // samples

const POINTS = Math.floor((WINDOW - TAPS) / STEP) + 1; // that are analysed
const FIRST = WINDOW - TAPS - (POINTS - 1) * STEP; // where the first begins

/** The kick of a model, rung on for so many seconds at most. @param {Float32Array[]} wave a channel each @param {number} seconds @returns {Float32Array[]} */
export function ringOn(wave, seconds) {
  const length = Math.round(seconds * RATE);
  const begin = LENGTH - FADE_OUT;
  if (length <= LENGTH || wave.some((channel) => channel.some((x) => !Number.isFinite(x)))) return wave;
  const floor = 10 ** (INAUDIBLE_DB / 20) * loudest(wave);
  const before = wave.map((channel) => Float64Array.from(channel.subarray(begin - WINDOW, begin)));
  if (rms(before.map((channel) => channel.subarray(-FADE_OUT))) * Math.SQRT2 <= floor) return wave;
  const rung = following(before, length - begin, floor);
  const last = Math.max(...rung.map((channel) => channel.findLastIndex((x) => Math.abs(x) > floor)));
  const end = Math.max(FADE_OUT, last + 1) + FADE_OUT;
  const fade = end <= rung[0].length ? FADE_OUT : Math.min(END_FADE, rung[0].length);
  const samples = Math.min(end, rung[0].length);
  return wave.map((channel, c) => {
    const tail = rung[c].slice(0, samples);
    falling(fade).forEach((gain, i) => (tail[samples - fade + i] *= gain));
    falling(FADE_OUT).forEach((gain, i) => (tail[i] = tail[i] * Math.fround(1 - gain) + channel[begin + i]));
    const whole = new Float32Array(begin + samples);
    whole.set(channel.subarray(0, begin));
    whole.set(tail, begin);
    return whole;
  });
}

/** Gains of a fade, half a cosine. @param {number} samples */
const falling = (samples) => Float32Array.from({ length: samples }, (_, i) => 0.5 + 0.5 * Math.cos((i + 1) * (Math.PI / samples)));

/** @param {ArrayLike<number>[]} wave */
function loudest(wave) {
  let most = 0;
  for (const channel of wave) for (let i = 0; i < channel.length; i++) most = Math.max(most, Math.abs(channel[i]));
  return most;
}

/** @param {ArrayLike<number>[]} wave */
function rms(wave) {
  let [sum, n] = [0, 0];
  for (const channel of wave) for (let i = 0; i < channel.length; i++, n++) sum += channel[i] ** 2;
  return Math.sqrt(sum / n);
}

/** A decay in dB a second as the exponent of one sample. @param {number} db */
const perSample = (db) => (db * Math.LN10) / 20 / RATE;

/** What follows a wave while it is audible: of as many partials as leave it no louder than it was, and sinking. @param {Float64Array[]} wave @param {number} samples @param {number} floor */
function following(wave, samples, floor) {
  const most = loudest(wave.map((channel) => channel.subarray(-LOUDEST)));
  let tail = wave;
  for (let partials = MOST_PARTIALS; partials > 0; partials--) {
    const found = dampedSinusoids(wave, partials);
    const same = rms(played(found, -HELD, HELD));
    const shortDb = Math.max(0, 20 * Math.log10(Math.max(same, 1e-30) / rms(wave.map((channel) => channel.subarray(-HELD)))));
    const faster = perSample((Math.max(0, shortDb - STOPPING_DB) / HELD) * RATE);
    const gain = 10 ** (-shortDb / 20);
    const exponents = found.exponents.map(([re, im]) => /** @type {Complex} */ ([re - faster, im]));
    const amplitudes = found.amplitudes.map((row) => row.map(([re, im]) => /** @type {Complex} */ ([re * gain, im * gain])));
    let audible = 0; // samples
    for (let at = 0; at < samples; at += BLOCK) {
      const levels = amplitudes.map((row) => row.reduce((sum, [re, im], k) => sum + Math.exp(at * exponents[k][0]) * Math.hypot(re, im), 0));
      if (Math.max(...levels) > floor) audible += BLOCK;
    }
    tail = played({ exponents, amplitudes }, 0, Math.min(samples, Math.max(FADE_OUT, audible) + FADE_OUT));
    if (loudest(tail) <= most && riseDb(wave, tail, floor) <= RISE_DB) break;
  }
  return tail;
}

/** By how much a tail rises at most after it has sunk. @param {Float64Array[]} wave that it follows @param {Float64Array[]} tail @param {number} floor */
function riseDb(wave, tail, floor) {
  const level = (/** @type {ArrayLike<number>[]} */ part) => 20 * Math.log10(Math.max(loudest(part), floor));
  let least = level(wave.map((channel) => channel.subarray(-LOUDEST)));
  let rise = 0;
  for (let at = 0; at + LOUDEST <= tail[0].length; at += LOUDEST) {
    const now = level(tail.map((channel) => channel.subarray(at, at + LOUDEST)));
    rise = Math.max(rise, now - least);
    least = Math.min(least, now);
  }
  return rise;
}

/** The end of a wave as sums of a e^(p t), t in samples from its end on. @param {Float64Array[]} wave WINDOW samples @param {number} partials @returns {Partials} */
function dampedSinusoids(wave, partials) {
  const taps = lowPass();
  const low = wave.map((channel) =>
    Float64Array.from({ length: POINTS }, (_, i) => {
      let sum = 0;
      for (let m = 0; m < TAPS; m++) sum += taps[m] * channel[FIRST + i * STEP + m];
      return sum;
    }),
  );
  /** @type {Complex[]} */
  const exponents = poles(low, 2 * partials)
    .map(([re, im]) => /** @type {Complex} */ ([Math.log(Math.hypot(re, im)) / STEP, Math.atan2(im, re) / STEP]))
    .filter(([re, im]) => Math.abs(im) < (2 * Math.PI * PASSED_HZ) / RATE && re > -perSample(FASTEST_DB_S))
    .map(([re, im]) => [Math.min(re, -perSample(SLOWEST_DB_S)), im]);
  const gains = exponents.map((p) => {
    let [re, im] = [0, 0];
    for (let m = 0; m < TAPS; m++) {
      const [x, y] = power(p, m);
      re += taps[m] * x;
      im += taps[m] * y;
    }
    return [re, im];
  });
  const columns = exponents.map((p, k) =>
    Array.from({ length: POINTS }, (_, i) => {
      const [x, y] = power(p, FIRST - WINDOW + STEP * i);
      const [re, im] = gains[k];
      return /** @type {Complex} */ ([x * re - y * im, x * im + y * re]);
    }),
  );
  return { exponents, amplitudes: low.map((row) => leastSquares(columns, Array.from(row, (x) => [x, 0]))) };
}

/** e^(p t). @param {Complex} p @param {number} t @returns {Complex} */
function power([re, im], t) {
  const size = Math.exp(re * t);
  return [size * Math.cos(im * t), size * Math.sin(im * t)];
}

/** Numbers z, so that each row is a sum of a z^n: ESPRIT. @param {Float64Array[]} low @param {number} most @returns {Complex[]} */
function poles(low, most) {
  const size = Math.floor(POINTS / 3);
  const products = Array.from({ length: size }, () => new Float64Array(size));
  for (const row of low) {
    for (let at = 0; at + size <= POINTS; at++) {
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) products[i][j] += row[at + i] * row[at + j];
    }
  }
  const { values, vectors } = symmetricEigen(products);
  const enough = AUDIBLE_PART ** 2 * Math.max(values[0], LEAST_ENERGY);
  const count = Math.min(most, values.filter((energy) => energy > enough).length);
  if (!count) return [];
  const signal = vectors.slice(0, count); // directions [count][size]
  const real = (/** @type {Float64Array} */ x) => Array.from(x, (one) => /** @type {Complex} */ ([one, 0]));
  const upper = signal.map((direction) => real(direction.subarray(0, -1)));
  const shifts = signal.map((direction) => leastSquares(upper, real(direction.subarray(1)))); // columns of the matrix
  const matrix = Array.from({ length: count }, (_, i) => shifts.map((column) => column[i]));
  return eigenvalues(matrix).filter(([re, im]) => re || im);
}

/** The sum of a e^(p t) for t from `first` on. @param {Partials} partials @param {number} first @param {number} samples @returns {Float64Array[]} */
function played({ exponents, amplitudes }, first, samples) {
  const within = exponents.map((p) => Array.from({ length: BLOCK }, (_, j) => power(p, j)));
  return amplitudes.map((row) => {
    const wave = new Float64Array(samples);
    for (let block = 0; block < samples; block += BLOCK) {
      row.forEach(([a, b], k) => {
        const [x, y] = power(exponents[k], first + block);
        const [re, im] = [x * a - y * b, x * b + y * a];
        for (let j = 0; j < BLOCK && block + j < samples; j++) wave[block + j] += re * within[k][j][0] - im * within[k][j][1];
      });
    }
    return wave;
  });
}

/** @type {Float64Array | null} */
let passed = null;
/** A sinc under a Kaiser window: gain 1 at 0 Hz. */
function lowPass() {
  if (passed) return passed;
  const half = (TAPS - 1) / 2;
  const taps = Float64Array.from({ length: TAPS }, (_, i) => {
    const x = ((2 * PASSED_HZ) / RATE) * (i - half) * Math.PI;
    return (Math.sin(x) / x) * bessel(8 * Math.sqrt(1 - ((i - half) / half) ** 2));
  });
  const sum = taps.reduce((a, b) => a + b, 0);
  passed = taps.map((x) => x / sum);
  return passed;
}

/** The modified Bessel function of order zero, by its series. @param {number} x */
function bessel(x) {
  let [term, sum] = [1, 1];
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

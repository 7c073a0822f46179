/** How like two sounds are: the mean difference of their levels in dB, in bands of the whole and in bands over time. */

import { fft } from "./fft.js";

const RATE = 44100;
const FLOOR_DB = -60; // re the loudest cell
const ONSET = 0.01; // of the peak: where a sound begins, -40 dB
const SLOWER = 16; // times: the bands of the whole need no more
const LOWEST_HZ = 30;
const FINE = 24; // bands of a sixth of an octave from there, up to 480 Hz
const FRAME = 1024; // samples, 23 ms; 372 ms of the slower sound, which tells 45 Hz from 55
const HOP = 512;
const FRAMES = 28; // 337 ms
const COARSE_HZ = [0, 200, 400, 800, 1600, 3200, 6400, 12800];

/** @typedef {Float32Array} Print  levels in dB, those of the whole first */

/** What of a sound is compared. @param {Float32Array[]} channels @returns {Print} */
export function printOf(channels) {
  const mono = channels.length === 1 ? channels[0] : channels[0].map((x, i) => (x + channels[1][i]) / 2);
  const peak = mono.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const first = Math.max(0, mono.findIndex((x) => Math.abs(x) > ONSET * peak));
  const sound = mono.subarray(first);
  const edges = Array.from({ length: FINE + 1 }, (_, i) => LOWEST_HZ * 2 ** (i / 6));
  const fine = bands(powers(slower(sound), 0, FALLING), RATE / SLOWER, edges);
  const coarse = Array.from({ length: FRAMES }, (_, i) => bands(powers(sound, i * HOP, RISING), RATE, COARSE_HZ)).flat();
  return Float32Array.from([...levels(fine), ...levels(coarse)]);
}

/** dB between two sounds: 0 for the same one. @param {Print} a @param {Print} b */
export function distance(a, b) {
  const mean = (/** @type {number} */ from, /** @type {number} */ to) => {
    let sum = 0;
    let cells = 0;
    for (let i = from; i < to; i++) {
      if (Math.max(a[i], b[i]) <= FLOOR_DB) continue; // neither sounds there
      sum += Math.abs(a[i] - b[i]);
      cells += 1;
    }
    return cells ? sum / cells : 0;
  };
  return (mean(0, FINE) + mean(FINE, a.length)) / 2;
}

/** In dB re the loudest, not below the floor. @param {number[]} energies */
function levels(energies) {
  const most = Math.max(...energies, 1e-30);
  return energies.map((e) => Math.max(FLOOR_DB, 10 * Math.log10(e / most + 1e-12)));
}

/** Energy in each band. @param {Float64Array} power of each bin @param {number} rate of the sound @param {number[]} edges in Hz */
function bands(power, rate, edges) {
  return edges.slice(1).map((high, i) => {
    const from = Math.max(1, Math.round((edges[i] * FRAME) / rate));
    const to = Math.max(from + 1, Math.round((high * FRAME) / rate));
    let sum = 0;
    for (let bin = from; bin < Math.min(to, power.length); bin++) sum += power[bin];
    return sum;
  });
}

/** A sixteenth of the samples, each the mean of those around it, weighted by a triangle. @param {Float32Array} sound */
function slower(sound) {
  const out = new Float32Array(FRAME);
  for (let i = 0; i < FRAME; i++) {
    for (let j = 1 - SLOWER; j < SLOWER; j++) out[i] += (sound[i * SLOWER + j] ?? 0) * (1 - Math.abs(j) / SLOWER);
  }
  return out;
}

// Windows: of a sound that begins with the hit, and of a piece of one.
const FALLING = Float64Array.from({ length: FRAME }, (_, i) => 0.5 + 0.5 * Math.cos((Math.PI * i) / FRAME));
const RISING = Float64Array.from({ length: FRAME }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / FRAME));

/** The power spectrum of a piece of a sound. @param {Float32Array} sound @param {number} from @param {Float64Array} window */
function powers(sound, from, window) {
  const re = new Float64Array(FRAME);
  const im = new Float64Array(FRAME);
  for (let i = 0; i < FRAME && from + i < sound.length; i++) re[i] = sound[from + i] * window[i];
  fft(re, im);
  return Float64Array.from({ length: FRAME / 2 }, (_, i) => re[i] * re[i] + im[i] * im[i]);
}

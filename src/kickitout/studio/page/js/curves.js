/**
 * Drawn curves where nothing listens: what the graph takes of them, and a gain that is found by a plain meter.
 * As kickitout.generation.curves and draw; pitches are played as they are drawn, without the bend that a card finds.
 */

import { between, LAST_MS } from "./points.js";

/** @typedef {import("./points.js").Point} Point */
/** @typedef {{pitch?: Point[], level?: Point[], bend_cents?: number[], gain_db?: number[], moment_ms?: number[]}} Curves */

const FRAMES = 1408; // kickitout.generation.drawable
const FRAME = 16;
const LEFT = 240;
const RATE = 44100;
const ONSET = 64;
const PEAK = 0.97;
const GRID_MS = 5;
const GRID = Array.from({ length: 100 }, (_, i) => GRID_MS * i);
const [LEAST_DB, MOST_DB] = [-90, 30]; // of a gain
const [UNTIL_MS, FADED_MS] = [20, 35]; // of the click
const SPLIT = (Math.sqrt(Math.LN2) / (2 * Math.PI * 500)) * RATE; // samples: the low-pass of a click is a Gaussian in time
const HELD_DB = 12;
const HELD_OVER_MS = 5;
const SILENT_DB = -60;
const METER_MS = 8; // standard deviation of the meter's Gaussian: two waves of 30 Hz are even
const ROUNDS = 4;

/** Straight lines between points, level outside. @param {number} x @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
function interpolated(x, xs, ys) {
  const last = xs.length - 1;
  if (x <= xs[0]) return ys[0];
  if (x >= xs[last]) return ys[last];
  let low = 0;
  for (let high = last; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ys[low] + ((ys[low + 1] - ys[low]) * (x - xs[low])) / (xs[low + 1] - xs[low]);
}

const FRAME_MS = Array.from({ length: FRAMES }, (_, i) => ((i * FRAME - LEFT - ONSET) * 1000) / RATE);
const COLUMNS = FRAME_MS.map((_, i) => i);

/** The inputs of a drawable graph. @param {Curves} [curves] @returns {Record<string, Float32Array | Int32Array>} */
export function feedOf(curves = {}) {
  const { pitch = [], bend_cents: bend = [], moment_ms: moments = [] } = curves;
  const [times, octaves] = [pitch.map(([ms]) => ms), pitch.map(([, hz]) => Math.log2(hz))];
  const contour = FRAME_MS.map((ms) => (pitch.length ? interpolated(ms, times, octaves) + (bend.length ? interpolated(ms, GRID, bend) / 1200 : 0) : 0));
  const columns = moments.length ? FRAME_MS.map((ms) => interpolated(ms < 0 ? ms : interpolated(ms, GRID, moments), FRAME_MS, COLUMNS)) : COLUMNS;
  return {
    pitch_curve: Float32Array.from(contour),
    column_before: Int32Array.from(columns, Math.floor),
    column_behind: Int32Array.from(columns, (at) => Math.min(Math.floor(at) + 1, FRAMES - 1)),
    column_share: Float32Array.from(columns, (at) => at - Math.floor(at)),
  };
}

/** The click of a channel: above 500 Hz, until 35 ms. @param {Float32Array} wave */
function clickOf(wave) {
  const long = Math.min(wave.length, ONSET + Math.ceil((FADED_MS / 1000) * RATE));
  const reach = Math.ceil(7 * SPLIT);
  const taps = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / SPLIT) ** 2));
  const sum = taps.reduce((a, b) => a + b);
  const click = new Float64Array(wave.length);
  for (let i = 0; i < long; i++) {
    let low = 0;
    for (let k = -reach; k <= reach; k++) if (i + k >= 0 && i + k < wave.length) low += taps[k + reach] * wave[i + k];
    const way = Math.min(Math.max((((i - ONSET) * 1000) / RATE - UNTIL_MS) / (FADED_MS - UNTIL_MS), 0), 1);
    click[i] = (wave[i] - low / sum) * (0.5 + 0.5 * Math.cos(Math.PI * way));
  }
  return click;
}

/** A kick under the gains of its curves, and by what it was scaled. @param {Float32Array[]} channels @param {number[]} gainDb */
export function levelled(channels, gainDb) {
  const times = (/** @type {number} */ i) => 10 ** (interpolated(((i - ONSET) * 1000) / RATE, GRID, gainDb) / 20);
  const made = channels.map((wave) => {
    const click = clickOf(wave);
    return Float64Array.from(wave, (x, i) => (x - click[i]) * times(i) + click[i]);
  });
  const peak = Math.max(1e-9, ...made.map((wave) => wave.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  return { channels: made.map((wave) => Float32Array.from(wave, (x) => (x * PEAK) / peak)), scale: PEAK / peak };
}

/** The level at each of GRID, in dB re full scale: a Gaussian over twice the square. @param {Float32Array[]} channels */
function meter(channels) {
  const sigma = (METER_MS / 1000) * RATE;
  const reach = Math.ceil(3 * sigma);
  return GRID.map((ms) => {
    const middle = ONSET + Math.round((ms / 1000) * RATE);
    let [power, weight] = [0, 0];
    for (let i = Math.max(ONSET, middle - reach); i < Math.min(channels[0].length, middle + reach); i += 4) {
      const k = Math.exp(-0.5 * ((i - middle) / sigma) ** 2);
      const x = channels.reduce((sum, wave) => sum + wave[i], 0) / channels.length;
      power += 2 * k * x * x;
      weight += k;
    }
    return 10 * Math.log10(Math.max(power / Math.max(weight, 1e-9), 1e-12));
  });
}

/** From which moment a kick takes its timbre: kickitout.generation.draw.held_moments. @param {number[]} levels re the loudest @param {Point[]} drawn */
function momentsOf(levels, drawn) {
  const fine = Array.from({ length: GRID[GRID.length - 1] + 1 }, (_, ms) => ms);
  const falling = fine.map((ms) => interpolated(ms, GRID, levels));
  for (let i = falling.length - 2; i >= 0; i--) falling[i] = Math.max(falling[i], falling[i + 1]);
  const early = fine.map((ms) => {
    const wanted = Math.max(between("level", drawn, ms), SILENT_DB) - HELD_DB;
    const last = falling.findLastIndex((db) => db >= wanted);
    return ms - Math.min(ms, Math.max(last, 0));
  });
  if (!early.some((ms) => ms)) return [];
  const reach = 2 * HELD_OVER_MS;
  const most = fine.map((ms) => Math.max(...early.slice(Math.max(0, ms - reach), ms + reach + 1)));
  return GRID.map((ms) => {
    let [sum, weight] = [0, 0];
    for (const at of fine) {
      const k = Math.exp(-0.5 * ((at - ms) / HELD_OVER_MS) ** 2);
      sum += k * most[at];
      weight += k;
    }
    return Number(Math.max(ms - sum / weight, 0).toFixed(1));
  });
}

/**
 * Curves that a kick follows, and what its level comes to at each point; its pitch is not measured here.
 * @param {Point[]} pitch @param {Point[]} level @param {(curves: Curves) => Promise<Float32Array[]>} render
 */
export async function followed(pitch, level, render) {
  /** @type {Curves} */
  const curves = pitch.length ? { pitch } : {};
  /** @type {import("./types.js").DrawnPoint[]} */
  const points = pitch.map(([ms, drawn]) => ({ curve: "pitch", ms, drawn, achieved: null, error: null }));
  if (!level.length) return { curves, points };
  const own = meter(await render(curves));
  const held = momentsOf(own.map((db) => db - Math.max(...own)), level);
  Object.assign(curves, { level }, held.length ? { moment_ms: held } : {});
  const raw = await render(curves);
  const loudest = Math.max(...meter(raw));
  let gain = GRID.map(() => 0);
  let best = { far: Infinity, gain, measured: gain };
  for (let round = 0; round < ROUNDS; round++) {
    const { channels, scale } = levelled(raw, gain);
    const measured = meter(channels).map((db) => db - loudest - 20 * Math.log10(scale));
    const missing = GRID.map((ms, i) => between("level", level, ms) - Math.max(measured[i], LEAST_DB));
    const far = missing.reduce((sum, db, i) => sum + (GRID[i] <= LAST_MS ? Math.min(Math.abs(db), HELD_DB) : 0), 0);
    if (far < best.far) best = { far, gain, measured };
    gain = gain.map((db, i) => Number(Math.min(Math.max(db + missing[i], LEAST_DB), MOST_DB).toFixed(2)));
  }
  for (const [ms, drawn] of level) {
    const achieved = interpolated(ms, GRID, best.measured);
    points.push({ curve: "level", ms, drawn, achieved, error: achieved - drawn });
  }
  return { curves: { ...curves, gain_db: best.gain }, points };
}

/**
 * Curves that are drawn over a kick: what the model's graph takes of them, and a gain on all but the click. As
 * kickitout.generation.curves; follow.js finds what a kick needs to follow them.
 */

/** @typedef {import("./points.js").Point} Point */
/** @typedef {{pitch?: Point[], level?: Point[], bend_cents?: number[], gain_db?: number[], moment_ms?: number[]}} Curves */

const FRAMES = 1408; // kickitout.generation.drawable
const FRAME = 16;
const LEFT = 240;
export const RATE = 44100;
export const LENGTH = 22050; // samples that a model makes,
export const MODEL_S = LENGTH / RATE; // which are so many seconds
export const ONSET = 64;
const PEAK = 0.97;
const GRID_MS = 5;
export const GRID = Array.from({ length: 100 }, (_, i) => GRID_MS * i);
const [UNTIL_MS, FADED_MS] = [20, 35]; // of the click
const SPLIT = (Math.sqrt(Math.LN2) / (2 * Math.PI * 500)) * RATE; // samples: the low-pass of a click is a Gaussian in time

/** Straight lines between points, level outside. @param {number} x @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
export function interpolated(x, xs, ys) {
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

/** A channel each of samples that lie one channel behind the other. @param {Float32Array} wave @param {number} channels */
export function channelsOf(wave, channels) {
  const long = wave.length / channels;
  return Array.from({ length: channels }, (_, c) => wave.slice(c * long, (c + 1) * long));
}

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

/** A kick under the gains of its curves, and by what it was scaled. @param {Float32Array[]} channels @param {number[]} gainDb at each of GRID */
export function levelled(channels, gainDb) {
  const gains = new Float64Array(channels[0].length);
  const last = gainDb.length - 1;
  for (let i = 0; i < gains.length; i++) {
    const at = Math.min(Math.max(((i - ONSET) * 1000) / RATE / GRID_MS, 0), last);
    const before = Math.min(Math.floor(at), last - 1);
    gains[i] = 10 ** ((gainDb[before] + (gainDb[before + 1] - gainDb[before]) * (at - before)) / 20);
  }
  let peak = 1e-9;
  const made = channels.map((wave) => {
    const click = clickOf(wave);
    for (let i = 0; i < wave.length; i++) {
      click[i] += (wave[i] - click[i]) * gains[i];
      peak = Math.max(peak, Math.abs(click[i]));
    }
    return click;
  });
  return { channels: made.map((wave) => Float32Array.from(wave.map((x) => (x * PEAK) / peak))), scale: PEAK / peak };
}

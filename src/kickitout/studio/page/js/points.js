/** Points of a drawn curve: where they may be, what lies between them, and how they are said. */

import { noteOf, quantity } from "./words.js";

/** @typedef {[number, number]} Point  ms after the onset; Hz or dB */
/** @typedef {"pitch" | "level"} CurveName */

export const LAST_MS = 490; // as kickitout.generation.curves has them
export const ONSET_MS = 64 / 44.1; // from the beginning of a sound
/** @type {CurveName[]} */
export const NAMES = ["pitch", "level"];
const FEWEST_MS_APART = 1;
const FEWEST_MS_OF_OWN = 15; // between two points of a kick's own curve: a finger has room between them

/** What a curve is in: its span, whether octaves are equal on it, a step of the arrow keys. */
export const SPANS = {
  pitch: { unit: "Hz", error: "cents", low: 20, high: 1000, log: true, step: 2 ** (1 / 12), far: 25 },
  level: { unit: "dB", error: "dB", low: -60, high: 12, log: false, step: 1, far: 1 },
};

/** Where a value stands from the bottom (0) to the top (1). @param {CurveName} name @param {number} value */
export function height(name, value) {
  const { low, high, log } = SPANS[name];
  const share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.min(Math.max(share, 0), 1);
}

/** The value at a height. @param {CurveName} name @param {number} share */
export function valueAt(name, share) {
  const { low, high, log } = SPANS[name];
  const inside = Math.min(Math.max(share, 0), 1);
  const value = log ? low * (high / low) ** inside : low + inside * (high - low);
  return Number(value.toFixed(log ? 2 : 1));
}

/** The value of a curve at a time. @param {CurveName} name @param {Point[]} points @param {number} ms */
export function between(name, points, ms) {
  if (!points.length) return valueAt(name, 0.5);
  const after = points.findIndex(([at]) => at >= ms);
  if (after === 0) return points[0][1];
  if (after < 0) return points[points.length - 1][1];
  const [[t0, y0], [t1, y1]] = [points[after - 1], points[after]];
  const share = (ms - t0) / (t1 - t0);
  return SPANS[name].log ? y0 * (y1 / y0) ** share : y0 + share * (y1 - y0);
}

/** The points with one of them moved, which stays between its neighbours. @param {CurveName} name @param {Point[]} points @param {number} i @param {number} ms @param {number} value @returns {Point[]} */
export function moved(name, points, i, ms, value) {
  const { low, high } = SPANS[name];
  const first = i ? points[i - 1][0] + FEWEST_MS_APART : 0;
  const last = i < points.length - 1 ? points[i + 1][0] - FEWEST_MS_APART : LAST_MS;
  const at = Math.min(Math.max(Math.round(ms), first), last);
  return points.map((point, k) => (k === i ? [at, Math.min(Math.max(value, low), high)] : point));
}

/** The points with one more, and its index; null where there is no room. @param {Point[]} points @param {number} ms @param {number} value @returns {{points: Point[], at: number} | null} */
export function withPoint(points, ms, value) {
  const time = Math.min(Math.max(Math.round(ms), 0), LAST_MS);
  if (points.some(([at]) => Math.abs(at - time) < FEWEST_MS_APART)) return null;
  const at = points.filter(([before]) => before < time).length;
  return { points: [...points.slice(0, at), [time, value], ...points.slice(at)], at };
}

/** The middle of the widest gap, where a new point goes that has no time yet. @param {Point[]} points */
export function widest(points) {
  const times = [0, ...points.map(([ms]) => ms), LAST_MS];
  let best = 0;
  for (let i = 1; i < times.length; i++) if (times[i] - times[i - 1] > times[best + 1] - times[best]) best = i - 1;
  return (times[best] + times[best + 1]) / 2;
}

/**
 * A curve in so many points that straight lines between them stay near it: the point that is furthest off is added,
 * until none is (Ramer 1972, doi.org/10.1016/S0146-664X(72)80017-0).
 * @param {CurveName} name @param {Point[]} curve @param {number} near in heights @param {number} most
 * @returns {Point[]}
 */
export function simplified(name, curve, near = 0.02, most = 5) {
  if (curve.length < 3) return curve;
  const kept = [0, curve.length - 1];
  while (kept.length < most) {
    const line = kept.map((i) => curve[i]);
    let [worst, far] = [-1, near];
    curve.forEach(([ms, value], i) => {
      const off = Math.abs(height(name, value) - height(name, between(name, line, ms)));
      if (off > far && kept.every((k) => Math.abs(curve[k][0] - ms) >= FEWEST_MS_OF_OWN)) [worst, far] = [i, off];
    });
    if (worst < 0) break;
    kept.push(worst);
    kept.sort((a, b) => a - b);
  }
  return kept.map((i) => [Math.round(curve[i][0]), valueAt(name, height(name, curve[i][1]))]);
}

/** Where drawing begins of a kick whose curves are not known, by its card. @param {import("./types.js").Card | null} card @returns {Record<CurveName, Point[]>} */
export function guessed(card) {
  const of = (/** @type {string} */ field, /** @type {number} */ other) => (typeof card?.[field] === "number" ? Number(card[field]) : other);
  const [start, end] = [of("pitch_start_hz", 120), of("pitch_end_hz", 50)];
  return { pitch: [[10, start], [Math.round(10 + of("sweep_ms", 50)), end]], level: [[10, 0], [Math.round(10 + of("decay_t20_ms", 200)), -20]] };
}

/** "55.0 Hz (A1)", "−12.0 dB". @param {CurveName} name @param {number} value */
export const said = (name, value) => (name === "pitch" ? `${quantity(value, "Hz")} (${noteOf(value).text})` : quantity(value, "dB"));

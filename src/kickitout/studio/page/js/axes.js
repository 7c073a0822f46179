/** The axes of the map: fields of the kick card, where they begin and end, and what stands beside their lines. */

import { noteOf } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{name: string, field: string, unit: string, log: boolean}} Axis */

/** @type {Axis[]} */
export const AXES = [
  { name: "pitch", field: "pitch_end_hz", unit: "Hz", log: true },
  { name: "decay", field: "decay_t20_ms", unit: "ms", log: true },
  { name: "click", field: "click_level_db", unit: "dB", log: false },
  { name: "brightness", field: "click_centroid_hz", unit: "Hz", log: true },
  { name: "first pitch", field: "pitch_start_hz", unit: "Hz", log: true },
  { name: "sweep", field: "sweep_ms", unit: "ms", log: true },
  { name: "sub", field: "sub_share", unit: "", log: false },
  { name: "crest", field: "crest_db", unit: "dB", log: false },
];

/** Where an axis begins and ends: all but the outermost hundredth of the kicks. @param {Axis} axis @param {Sound[]} sounds */
export function rangeOf(axis, sounds) {
  const values = sounds.map((s) => valueOf(s, axis)).filter((v) => v !== null);
  if (!values.length) return { low: 0, high: 1 };
  const sorted = /** @type {number[]} */ (values).sort((a, b) => a - b);
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))];
  const high = sorted[Math.ceil(0.99 * (sorted.length - 1))];
  const room = Math.max((high - low) * 0.04, 1e-6);
  return { low: low - room, high: high + room };
}

/** A card's value on an axis' scale; null where the kick has none. @param {Sound} sound @param {Axis} axis */
export function valueOf(sound, axis) {
  const value = sound.card?.[axis.field];
  if (typeof value !== "number" || (axis.log && value <= 0)) return null;
  return axis.log ? Math.log2(value) : value;
}

/** Where an axis has lines, and what stands there. @param {Axis} axis @param {{low: number, high: number}} range */
export function ticks(axis, { low, high }) {
  /** @type {{share: number, text: string}[]} */
  const found = [];
  const put = (/** @type {number} */ value, /** @type {string} */ text) => {
    const share = ((axis.log ? Math.log2(value) : value) - low) / (high - low);
    if (share >= 0 && share <= 1) found.push({ share, text });
  };
  if (axis.field === "pitch_end_hz") {
    for (let midi = 12; midi < 90; midi += 6) {
      const hz = 440 * 2 ** ((midi - 69) / 12);
      put(hz, noteOf(hz).name);
    }
  } else if (axis.log) {
    for (const step of [1, 2, 5]) for (let ten = 1; ten < 1e5; ten *= 10) put(step * ten, short(step * ten, axis.unit));
  } else {
    const rough = (high - low) / 6;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = ten * ([1, 2, 5, 10].find((s) => s * ten >= rough) ?? 10);
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) {
      put(v, axis.unit ? short(v, axis.unit) : `${Math.round(100 * v)} %`);
    }
  }
  return found;
}

/** A value on the scale of colours. @param {Axis} axis @param {number} value */
export function worded(axis, value) {
  if (axis.field === "pitch_end_hz") return noteOf(value).name;
  if (!axis.unit) return `${Math.round(100 * value)} %`;
  return short(Number(value.toPrecision(2)), axis.unit);
}

/** @param {number} value @param {string} unit */
function short(value, unit) {
  if (unit === "Hz" && value >= 1000) return `${value / 1000} kHz`;
  return `${Number(value.toFixed(2))} ${unit}`.replace("-", "−");
}

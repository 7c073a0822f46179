/**
 * What makes a kick follow curves: it is rendered a few times, each time with what was missing added to bend and gain, and the
 * nearest is kept. kickitout.generation.draw, step by step, which says why and where it is from.
 */

import { blockOf, monoOf } from "./block.js";
import { GRID, interpolated, levelled, ONSET, RATE } from "./curves.js";
import { levelOf } from "./level.js";
import { periodsOf } from "./periods.js";
import { between } from "./points.js";

/** @typedef {import("./curves.js").Curves} Curves */
/** @typedef {import("./level.js").Level} Level */
/** @typedef {import("./types.js").DrawnPoint} DrawnPoint */
/** @typedef {{ms: number, off: number, weight: number}} Beside  a period: ms after the onset, and by how many octaves it is beside the curve */
/** @typedef {{periods: Beside[], db: number[]}} Measured  db: the level at each of GRID, re the kick at its loudest */

const LOCAL_MS = 5;
const NEAR_MS = 20;
const LARGEST_STEP = 0.3; // octaves
const LARGEST_BEND = 1200; // cents
const [LEAST_DB, MOST_DB] = [-90, 30]; // of a gain
const NO_LEVEL_DB = -120;
const SILENT_DB = -60;
const [AUDIBLE_CENTS, AUDIBLE_DB] = [25, 1];
const [MOST_CENTS, MOST_OFF_DB] = [600, 12]; // of an error that counts
const LOUD_PART = 0.01; // of the largest weight: periods that count
const HELD_DB = 12;
const HELD_OVER_MS = 5;
const ONSET_MS = (ONSET * 1000) / RATE;

/** @param {number} x @param {number} low @param {number} high */
const clamped = (x, low, high) => Math.min(Math.max(x, low), high);

/** @param {number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * The curves with all that one kick needs to follow them, that kick, and what it does at each point.
 * @template {{channels: Float32Array[]}} Played
 * @param {Curves} drawn points alone @param {number} rounds renders at most, and one more where a level is drawn
 * @param {(curves: Curves) => Promise<Played>} render before its level is drawn
 * @returns {Promise<{curves: Curves, made: Played, points: DrawnPoint[]}>}
 */
export async function follow(drawn, rounds, render) {
  let trial = drawn;
  if (drawn.level) {
    const held = heldMoments(drawn, (await render(drawn)).channels);
    if (held.length) trial = { ...trial, moment_ms: held };
  }
  let best = null;
  let raw = null;
  for (let round = 0; round < rounds; round++) {
    if (!raw || drawn.pitch) raw = await render(trial);
    const made = { ...raw, ...underGains(raw.channels, trial) };
    const measured = measuredUnder(trial, raw.channels, made);
    const score = scoreOf(trial, measured);
    if (!best || score < best.score) best = { score, curves: trial, made, measured };
    trial = corrected(trial, measured);
  }
  if (!best) throw new RangeError("rounds: 1 render or more works");
  return { curves: best.curves, made: best.made, points: pointsOf(best.curves, best.measured) };
}

/** A kick with its level as drawn, and by what it was scaled. @param {Float32Array[]} raw @param {Curves} curves */
export const underGains = (raw, { gain_db: gain }) => (gain ? levelled(raw, gain) : { channels: raw, scale: 1 });

/**
 * What is measured of a kick under curves.
 * @param {Curves} curves @param {Float32Array[]} raw the same before its level was drawn @param {{channels: Float32Array[], scale: number}} made
 * @returns {Measured}
 */
export function measuredUnder({ pitch, level }, raw, { channels, scale }) {
  const block = blockOf(monoOf(channels), RATE);
  const begins = block ? (block.onset * 1000) / RATE - ONSET_MS : 0;
  const periods = !pitch || !block ? [] : periodsOf(block).map(({ ms, hz, weight }) => {
    const at = ms + begins;
    return { ms: at, off: Math.log2(hz / between("pitch", pitch, at)), weight };
  });
  if (!level) return { periods, db: [] };
  const whole = block && levelOf(block);
  const zero = raw === channels ? loudestOf(whole) : zeroDb(raw, scale);
  return { periods, db: levelAt(whole, GRID).map((db) => db - zero) };
}

/** The level at times, ms after the onset, in dB re full scale. @param {Level | null} level @param {number[]} times */
function levelAt(level, times) {
  return times.map((at) => (level ? interpolated(at + ONSET_MS, level.ms, level.db) : NO_LEVEL_DB));
}

/** @param {Level | null} level */
const loudestOf = (level) => (level?.db ?? []).reduce((a, b) => Math.max(a, b), NO_LEVEL_DB);

/** The level, in dB re full scale, that 0 dB of the curve is. @param {Float32Array[]} raw @param {number} scale of it under its gains */
export function zeroDb(raw, scale) {
  const block = blockOf(monoOf(raw), RATE);
  return loudestOf(block && levelOf(block)) + 20 * Math.log10(scale);
}

/** Every point that was drawn, and what is measured there. @param {Curves} curves @param {Measured} measured @returns {DrawnPoint[]} */
export function pointsOf({ pitch = [], level = [] }, { periods, db }) {
  return [
    ...pitch.map(([ms, drawn]) => {
      const pitched = periods.some((period) => Math.abs(ms - period.ms) <= NEAR_MS);
      const off = pitched ? offAt(periods, ms) : null;
      return { curve: /** @type {const} */ ("pitch"), ms, drawn, achieved: off === null ? null : drawn * 2 ** off, error: off === null ? null : 1200 * off };
    }),
    ...level.map(([ms, drawn]) => {
      const achieved = interpolated(ms, GRID, db);
      return { curve: /** @type {const} */ ("level"), ms, drawn, achieved, error: achieved - drawn };
    }),
  ];
}

/** Octaves beside the curve, of the periods around, or of the nearest one. @param {Beside[]} periods @param {number} ms */
function offAt(periods, ms) {
  let [sum, shares] = [0, 0];
  for (const { ms: at, off, weight } of periods) {
    const away = Math.abs(ms - at);
    const share = Math.exp(-0.5 * (away / LOCAL_MS) ** 2) * Math.sqrt(weight) + 1e-12 / (1 + away ** 2) ** 4;
    sum += share * off;
    shares += share;
  }
  return shares ? sum / shares : 0;
}

/** How far a kick is from its curves: mean errors, in errors that are just audible. @param {Curves} curves @param {Measured} measured */
function scoreOf({ level }, { periods, db }) {
  let score = 0;
  if (periods.length) {
    const least = LOUD_PART * Math.max(...periods.map(({ weight }) => weight));
    const loud = periods.filter(({ weight }) => weight > least);
    score += mean(loud.map(({ ms }) => Math.min(1200 * Math.abs(offAt(periods, ms)), MOST_CENTS))) / AUDIBLE_CENTS;
  }
  if (level) {
    const wanted = GRID.map((ms) => between("level", level, ms));
    const off = wanted.map((want, i) => Math.min(Math.abs(db[i] - want), MOST_OFF_DB)).filter((_, i) => wanted[i] > SILENT_DB);
    score += off.length ? mean(off) / AUDIBLE_DB : 0;
  }
  return score;
}

/** The curves with what was missing added to bend and gain. @param {Curves} curves @param {Measured} measured @returns {Curves} */
function corrected(curves, { periods, db }) {
  const { pitch, level, bend_cents: bend, gain_db: gain } = curves;
  const bends = (/** @type {number} */ ms, /** @type {number} */ i) => {
    const step = clamped(offAt(periods, ms), -LARGEST_STEP, LARGEST_STEP);
    return rounded(clamped((bend?.[i] ?? 0) - 1200 * step, -LARGEST_BEND, LARGEST_BEND), 1);
  };
  const gains = (/** @type {number} */ ms, /** @type {number} */ i) => {
    const step = between("level", level ?? [], ms) - Math.max(db[i], LEAST_DB);
    return rounded(clamped((gain?.[i] ?? 0) + step, LEAST_DB, MOST_DB), 2);
  };
  return { ...curves, ...(pitch && { bend_cents: GRID.map(bends) }), ...(level && { gain_db: GRID.map(gains) }) };
}

/** A number that a recipe holds exactly. @param {number} x @param {number} digits */
const rounded = (x, digits) => Number(x.toFixed(digits));

/** From which moment a kick takes its timbre at each of GRID; [] where that is everywhere its own. @param {Curves} curves @param {Float32Array[]} channels @returns {number[]} */
function heldMoments({ level = [] }, channels) {
  const fine = Array.from({ length: GRID[GRID.length - 1] + 1 }, (_, ms) => ms);
  const block = blockOf(monoOf(channels), RATE);
  const own = block && levelOf(block);
  const zero = loudestOf(own);
  const falling = levelAt(own, fine).map((db) => db - zero);
  for (let i = falling.length - 2; i >= 0; i--) falling[i] = Math.max(falling[i], falling[i + 1]); // the highest from each moment on
  const early = fine.map((ms) => {
    const wanted = Math.max(between("level", level, ms), SILENT_DB) - HELD_DB;
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
    return rounded(Math.max(ms - sum / weight, 0), 1);
  });
}

/** How a training goes: each loss on a scale of its own, and the score of each snapshot. */

import { colour, fresh } from "./draw.js";

/** @typedef {{step: number, score: number, floor: number | null, troubles: string[], closing: boolean}} Snapshot */
/** @typedef {{steps: number[], losses: Record<string, (number | null)[]>}} Curve */

const COLOURS = ["coral", "teal", "quiet", "text"];

/** The losses that are drawn, with their colours. @param {Curve} curve */
export const drawn = (curve) => Object.keys(curve.losses).slice(0, COLOURS.length).map((name, i) => ({ name, colour: COLOURS[i] }));

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Curve} curve
 * @param {Snapshot[]} snapshots
 */
export function drawCurve(canvas, curve, snapshots) {
  const { pen, width, height } = fresh(canvas);
  const last = Math.max(1, curve.steps.at(-1) ?? 1, snapshots.at(-1)?.step ?? 1);
  const x = (/** @type {number} */ step) => 4 + ((width - 8) * step) / last;
  pen.lineWidth = 1.5;
  for (const { name, colour: ink } of drawn(curve)) {
    const points = curve.losses[name].flatMap((value, i) => (value === null ? [] : [{ step: curve.steps[i], value }]));
    line(pen, points, x, height, colour(ink));
  }
  const scores = snapshots.map(({ step, score }) => ({ step, value: score }));
  const floor = snapshots.at(-1)?.floor ?? null;
  const y = line(pen, scores, x, height, colour("gold"), floor === null ? [] : [floor]);
  pen.fillStyle = colour("gold");
  for (const { step, value } of scores) pen.fillRect(x(step) - 2.5, y(value) - 2.5, 5, 5);
  if (floor !== null && scores.length) {
    pen.setLineDash([4, 4]);
    pen.beginPath();
    pen.moveTo(0, y(floor));
    pen.lineTo(width, y(floor));
    pen.stroke();
    pen.setLineDash([]);
  }
}

/**
 * A line from the highest value, at the top, to the lowest. Returns where a value is.
 * @param {CanvasRenderingContext2D} pen
 * @param {{step: number, value: number}[]} points
 * @param {(step: number) => number} x
 * @param {number} height
 * @param {string} ink
 * @param {number[]} [others] values that shall be inside, too
 */
function line(pen, points, x, height, ink, others = []) {
  const values = [...points.map(({ value }) => value), ...others];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (/** @type {number} */ value) => (high > low ? 6 + ((height - 12) * (high - value)) / (high - low) : height / 2);
  pen.strokeStyle = ink;
  pen.beginPath();
  for (const { step, value } of points) pen.lineTo(x(step), y(value));
  pen.stroke();
  return y;
}

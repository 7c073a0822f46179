/** What a control does to the kick card where nothing measures: by a rule, or between points that were measured before. */

/** @typedef {import("./types.js").Calibration} Calibration */
/** @typedef {import("./types.js").Measured} Measured */
/** @typedef {import("./types.js").Target} Target */

const MET = 0.1; // semitones, or decibels: what is so near a goal is the goal
const JUMP = 0.25; // semitones of the control: points nearer to each other than this have a jump between them

/** @param {number} hz @param {number} from */
const semitones = (hz, from) => 12 * Math.log2(hz / from);

/** The points of a kick for a control, as [turn, semitones from the kick as it is]. @param {Measured} sound @param {string} name @param {number} base */
const pointsOf = (sound, name, base) => (sound.points?.[name] ?? []).map(([turn, hz]) => [turn, semitones(hz, base)]);

/**
 * What a field of the card is to be at a turn of the control, and how far off nine of ten kicks are (0: measured); null where
 * nothing is known.
 * @param {Calibration | undefined} calibrated @param {Measured | null} sound @param {Target} target @param {number} turn
 */
export function expectation(calibrated, sound, { name }, turn) {
  const base = calibrated && sound?.base?.[calibrated.field];
  if (!calibrated || !sound || typeof base !== "number") return null;
  if (!calibrated.points) return { value: calibrated.unit === "Hz" ? base * 2 ** (turn / 12) : base + turn, within: calibrated.within };
  const points = pointsOf(sound, name, base);
  const at = points.findIndex(([x]) => x >= turn - 1e-6);
  if (at < 0 || (at === 0 && points[0][0] > turn + 1e-6)) return null; // beyond what was measured
  const [x1, y1] = points[at];
  if (Math.abs(x1 - turn) < 2e-3) return { value: base * 2 ** (y1 / 12), within: 0 };
  const [x0, y0] = points[at - 1];
  return { value: base * 2 ** ((y0 + ((turn - x0) / (x1 - x0)) * (y1 - y0)) / 12), within: calibrated.within };
}

/**
 * The turn of the control at which a field is to have a value; NaN where this kick does not get there.
 * @param {Calibration | undefined} calibrated @param {Measured | null} sound @param {Target} target @param {number} value
 */
export function turnFor(calibrated, sound, { name }, value) {
  const base = calibrated && sound?.base?.[calibrated.field];
  if (!calibrated || !sound || typeof base !== "number") return NaN;
  const goal = calibrated.unit === "Hz" ? semitones(value, base) : value - base;
  if (!calibrated.points) return goal;
  const points = pointsOf(sound, name, base);
  const nearest = points.reduce((best, point) => (Math.abs(point[1] - goal) < Math.abs(best[1] - goal) ? point : best), [NaN, Infinity]);
  if (Math.abs(nearest[1] - goal) <= MET) return nearest[0];
  let turn = NaN;
  for (let i = 1; i < points.length; i++) {
    const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
    if (Math.min(y0, y1) > goal || Math.max(y0, y1) < goal) continue;
    const there = x1 - x0 < JUMP ? nearest[0] : x0 + ((goal - y0) / (y1 - y0)) * (x1 - x0);
    if (Number.isNaN(turn) || Math.abs(there) < Math.abs(turn)) turn = there; // the one that changes the kick least
  }
  return turn;
}

/**
 * Whether a turn of the control brings this kick to a value, and not only to the nearer side of a jump.
 * @param {Calibration | undefined} calibrated @param {Measured | null} sound @param {Target} target @param {number} value
 */
export function getsTo(calibrated, sound, target, value) {
  const turn = turnFor(calibrated, sound, target, value);
  const there = turn >= target.low && turn <= target.high ? expectation(calibrated, sound, target, turn) : null;
  return there !== null && Math.abs(calibrated?.unit === "Hz" ? semitones(there.value, value) : there.value - value) <= MET;
}

/** The least and the most that is known of a field; null where nothing is. @param {Calibration | undefined} calibrated @param {Measured | null} sound @param {Target} target */
export function reachOf(calibrated, sound, target) {
  const points = calibrated?.points ? (sound?.points?.[target.name] ?? []) : null;
  const ends = points ? points.map(([, hz]) => hz) : [target.low, target.high].map((turn) => expectation(calibrated, sound, target, turn)?.value ?? NaN);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
}

/** The pattern: which step of which track is struck how hard, and how long a step lasts. Numbers alone. */

export const BAR = 16; // steps
export const MOST_BARS = 2;
export const [LEAST_BPM, MOST_BPM] = [30, 220];
export const [STRAIGHT, MOST_SWING] = [50, 75]; // percent of a pair of steps that the first one lasts
export const [OFF, SOFT, FULL] = [0, 56, 112]; // velocities of a step, in the order of clicks

/** @typedef {"kick" | import("./drums.js").Drum} Track */
/** @type {Track[]} */
export const TRACKS = ["kick", "snare", "closed hat", "open hat"];
/** @typedef {{velocities: number[], muted: boolean}} Line  velocities: [MOST_BARS * BAR] */
/** @typedef {{bpm: number, swing: number, bars: number, lines: Record<Track, Line>}} Pattern */

/** A tempo that can be played, to a tenth. @param {number} bpm */
export const clampBpm = (bpm) => Math.round(10 * Math.min(Math.max(bpm, LEAST_BPM), MOST_BPM)) / 10;

/** @param {number[]} struck steps of the first bar, repeated in the second @param {number} [velocity] @returns {Line} */
function line(struck, velocity = FULL) {
  return { velocities: Array.from({ length: MOST_BARS * BAR }, (_, i) => (struck.includes(i % BAR) ? velocity : OFF)), muted: false };
}

/** What the page begins with. @returns {Pattern} */
export const firstPattern = () => ({
  bpm: 124,
  swing: STRAIGHT,
  bars: 1,
  lines: { kick: line([0, 4, 8, 12]), snare: line([4, 12]), "closed hat": line([2, 6, 10, 14], SOFT), "open hat": line([]) },
});

/** How long a step lasts, in seconds. @param {Pattern} pattern @param {number} step */
export function stepSeconds({ bpm, swing }, step) {
  const pair = 60 / bpm / 2; // two sixteenths
  return (pair * (step % 2 ? 100 - swing : swing)) / 100;
}

/** What a click makes of a step: off, full, soft, off. @param {number} velocity */
export const nextVelocity = (velocity) => (velocity === OFF ? FULL : velocity === FULL ? SOFT : OFF);

/** @param {Pattern} pattern */
export const stepsOf = ({ bars }) => bars * BAR;

/** What was saved of a pattern, checked; null where it is none. @param {any} data @returns {Pattern | null} */
export function patternFrom(data) {
  const { bpm, swing, bars, lines } = data ?? {};
  const within = (/** @type {any} */ x, /** @type {number} */ low, /** @type {number} */ high) => typeof x === "number" && x >= low && x <= high;
  if (!within(bpm, LEAST_BPM, MOST_BPM) || !within(swing, STRAIGHT, MOST_SWING) || !Number.isInteger(bars) || !within(bars, 1, MOST_BARS)) return null;
  const whole = (/** @type {any} */ own) =>
    typeof own?.muted === "boolean" && Array.isArray(own.velocities) && own.velocities.length === MOST_BARS * BAR &&
    own.velocities.every((/** @type {any} */ velocity) => Number.isInteger(velocity) && within(velocity, 0, 127));
  if (!TRACKS.every((track) => whole(lines?.[track]))) return null;
  const own = TRACKS.map((track) => [track, { velocities: lines[track].velocities, muted: lines[track].muted }]);
  return { bpm: clampBpm(bpm), swing, bars, lines: Object.fromEntries(own) };
}

/** A tempo from taps: the mean of the intervals between them. */

import { clampBpm, LEAST_BPM } from "./pattern.js";

const MOST_TAPS = 9;
const UNEVEN = 1.4; // an interval that is longer or shorter than the mean by this ratio begins another tempo

export class TapTempo {
  constructor() {
    /** @type {number[]} ms */
    this.taps = [];
  }

  /** Another tap: the tempo in beats a minute, or null after the first one. @param {number} ms its time */
  tap(ms) {
    const taps = this.taps;
    const since = ms - (taps.at(-1) ?? -Infinity);
    const mean = taps.length > 1 ? (taps[taps.length - 1] - taps[0]) / (taps.length - 1) : since;
    if (since > 60_000 / LEAST_BPM + 200) this.taps = []; // a pause
    else if (since > mean * UNEVEN || since < mean / UNEVEN) this.taps = taps.slice(-1);
    this.taps = [...this.taps, ms].slice(-MOST_TAPS);
    const intervals = this.taps.length - 1;
    return intervals ? clampBpm((60_000 * intervals) / (ms - this.taps[0])) : null;
  }
}

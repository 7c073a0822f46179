/**
 * A limiter that looks ahead and keeps the true peak below a ceiling: one gain for all channels, never above 1.
 *
 * Three points between each sample and the next come from a windowed sinc of 64 samples (as in ITU-R BS.1770-5 annex 2), and
 * the peak is that of the parabola through a highest point and its neighbours: points alone would miss up to 0.7 dB of a
 * sine at half the rate, the parabola misses 0.1 dB. The gain that this peak allows is held until it has passed, rises
 * again slowly, and is smoothed by a mean as long as the lookahead: so the lowest gain is there when the peak is, and
 * stays as long as the sinc reaches to both sides. What needs no limiting is delayed and nothing else.
 */

export const CEILING_DBTP = -1; // as EBU R 128
// By which the limiter stays below the ceiling: a true peak depends on samples further away than the sinc reaches, also where the gain is
// another one already. That adds up to 0.8 dB in white noise, random signs, and a sine near half the rate that begins at once.
const MARGIN_DB = 1;
const TAPS = 32; // samples to each side of a point between the samples
const LOOKAHEAD = 64; // samples: 1.5 ms
const HOLD = LOOKAHEAD + 2 * TAPS + 1;
export const DELAY = LOOKAHEAD + 2 * TAPS - 1; // samples: 2.9 ms
const RELEASE_S = 0.09; // to 1/e: longer than a period of 40 Hz, lest a low tail is bent
const WHOLE = 1e-6; // so near to 1 a gain is 1

/** Weight of the sample that is x samples from a point. @param {number} x */
const sinc = (x) => (Math.sin(Math.PI * x) / (Math.PI * x)) * Math.cos(((x / (TAPS + 1)) * Math.PI) / 2);

// Points a quarter and three quarters of the way are mirror images: one sum over both samples and one over their difference
// give both points. Of the k-th sample before a point and the k-th after it.
const HALF = Float64Array.from({ length: TAPS }, (_, k) => sinc(0.5 + k));
const EVEN = Float64Array.from({ length: TAPS }, (_, k) => (sinc(0.25 + k) + sinc(0.75 + k)) / 2);
const ODD = Float64Array.from({ length: TAPS }, (_, k) => (sinc(0.25 + k) - sinc(0.75 + k)) / 2);

export class Limiter {
  /** @param {number} channels @param {number} rate Hz @param {number} [ceilingDb] dBTP */
  constructor(channels, rate, ceilingDb = CEILING_DBTP) {
    this.target = 10 ** ((ceilingDb - MARGIN_DB) / 20);
    this.rise = 1 - Math.exp(-1 / (RELEASE_S * rate));
    this.size = 256; // of the rings, a power of two above DELAY
    this.rings = Array.from({ length: channels }, () => new Float64Array(this.size));
    this.before = new Float64Array(channels); // the point before the sample that `peak` begins with
    this.smoothing = new Float64Array(LOOKAHEAD).fill(1);
    this.sum = LOOKAHEAD; // of `smoothing`
    this.whole = LOOKAHEAD; // how many of the last gains were 1
    this.released = 1;
    this.now = 0; // samples that came in
    /** @type {{at: number, gain: number}[]} what is held: ever later and ever higher gains */
    this.held = [];
    this.lowest = 1; // gain since it was last read
    this.silent = 0; // samples in a row
  }

  /**
   * The next samples, whatever their number.
   * @param {Float32Array[]} inputs a channel each; a channel that is not there is silent
   * @param {Float32Array[]} outputs the samples of DELAY before
   */
  process(inputs, outputs) {
    this.silent = inputs.some((input) => input.some((x) => x !== 0)) ? 0 : this.silent + outputs[0].length;
    if (this.silent > 2 * this.size && this.whole >= LOOKAHEAD) return; // a page where nothing plays costs nothing
    for (let i = 0; i < outputs[0].length; i++) {
      const mask = this.size - 1;
      this.rings.forEach((ring, c) => {
        const x = inputs[c]?.[i] ?? 0;
        ring[this.now & mask] = Number.isFinite(x) ? x : 0; // one sample that is no number would silence all that follow
      });
      const gain = this.gain(this.now - TAPS);
      this.lowest = Math.min(this.lowest, gain);
      const out = (this.now - DELAY) & mask;
      this.rings.forEach((ring, c) => outputs[c] && (outputs[c][i] = ring[out] * gain));
      this.now += 1;
    }
  }

  /** The gain of the sample that is LOOKAHEAD + TAPS - 1 before `at`, when all is known up to the one after `at`. @param {number} at */
  gain(at) {
    const allowed = Math.min(1, this.target / this.peak(at));
    while (this.held.length && this.held[this.held.length - 1].gain >= allowed) this.held.pop();
    this.held.push({ at, gain: allowed });
    if (this.held[0].at <= at - HOLD) this.held.shift();
    const least = this.held[0].gain;
    this.released = Math.min(least, this.released + (least - this.released) * this.rise);
    if (1 - this.released < WHOLE) this.released = 1;
    this.whole = this.released === 1 ? this.whole + 1 : 0;
    const slot = ((at % LOOKAHEAD) + LOOKAHEAD) % LOOKAHEAD;
    this.sum += this.released - this.smoothing[slot];
    this.smoothing[slot] = this.released;
    if (this.whole >= LOOKAHEAD) this.sum = LOOKAHEAD; // without the crumbs of all sums before
    return this.sum / LOOKAHEAD;
  }

  /** The highest absolute value from a sample to the next one, of all channels. @param {number} at */
  peak(at) {
    const mask = this.size - 1;
    let most = 0;
    this.rings.forEach((ring, c) => {
      let [half, even, odd] = [0, 0, 0];
      for (let k = 0; k < TAPS; k++) {
        const [before, after] = [ring[(at - k) & mask], ring[(at + 1 + k) & mask]];
        half += HALF[k] * (before + after);
        even += EVEN[k] * (before + after);
        odd += ODD[k] * (before - after);
      }
      const [first, next] = [ring[at & mask], ring[(at + 1) & mask]];
      most = Math.max(
        most,
        top(this.before[c], first, even + odd),
        top(first, even + odd, half),
        top(even + odd, half, even - odd),
        top(half, even - odd, next),
      );
      this.before[c] = even - odd;
    });
    return most;
  }
}

/** The absolute height of a point, or of the parabola through it and its neighbours where it is the highest. @param {number} a @param {number} b @param {number} c */
function top(a, b, c) {
  const bend = a - 2 * b + c;
  const rises = (b - a) * (b - c) >= 0 && bend !== 0;
  return Math.abs(rises ? b - (c - a) ** 2 / (8 * bend) : b);
}

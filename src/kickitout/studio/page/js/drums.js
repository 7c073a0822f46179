/**
 * A snare and two hats beside the kick, made by formula in this page: always the same samples, and nobody's recordings.
 *
 * The snare is two modes of a membrane and the noise of its wires. The hats are six square waves in the ratios of the
 * circuit that drum machines of the eighties had, and noise, above 7 kHz.
 */

/** @typedef {import("./types.js").Sound} Sound */

const RATE = 44100; // Hz
const HAT_HZ = [205.3, 304.4, 369.6, 522.7, 540, 800]; // far from each other's multiples: no pitch
const HAT_UP = 1.7; // by which the six are moved upwards
const MODES = [{ hz: 186, level: 0.62, s: 0.07 }, { hz: 318, level: 0.34, s: 0.045 }]; // of the snare's skin

/** @typedef {"snare" | "closed hat" | "open hat"} Drum */
/** @type {Drum[]} */
export const DRUMS = ["snare", "closed hat", "open hat"];

/** Which sound ends which other one: the hats are one pair of cymbals. @type {Map<string, string>} */
export const CHOKED = new Map([["closed hat", "open hat"]]);

/** @type {Map<Drum, Sound>} */
const made = new Map();

/** A drum, made when it is first wanted. @param {Drum} drum @returns {Sound} */
export function drumSound(drum) {
  let sound = made.get(drum);
  if (!sound) {
    const wave = { snare: () => snare(), "closed hat": () => hat(0.16, 0.024, 0.5), "open hat": () => hat(0.9, 0.15, 0.4) }[drum]();
    sound = { name: drum, recipe: null, card: null, reasons: {}, samples: [wave], rate: RATE };
    made.set(drum, sound);
  }
  return sound;
}

/** White noise from -1 to 1: Marsaglia's xorshift (2003, doi.org/10.18637/jss.v008.i14). @param {number} size @param {number} seed */
function noise(size, seed) {
  let x = seed;
  return Float64Array.from({ length: size }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x / 2 ** 31;
  });
}

/** A second-order high-pass, after Bristow-Johnson's cookbook. @param {Float64Array} wave @param {number} hz @param {number} q */
function highPass(wave, hz, q) {
  const w = (2 * Math.PI * hz) / RATE;
  const [cos, alpha] = [Math.cos(w), Math.sin(w) / (2 * q)];
  const [b, b1, a0, a1, a2] = [(1 + cos) / 2, -(1 + cos), 1 + alpha, -2 * cos, 1 - alpha];
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  return wave.map((x) => {
    const y = (b * x + b1 * x1 + b * x2 - a1 * y1 - a2 * y2) / a0;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    return y;
  });
}

/** A low-pass of first order. @param {Float64Array} wave @param {number} hz */
function lowPass(wave, hz) {
  const share = 1 - Math.exp((-2 * Math.PI * hz) / RATE);
  let y = 0;
  return wave.map((x) => (y += share * (x - y)));
}

/** To a peak, with an end that does not click. @param {Float64Array} wave @param {number} peak */
function finished(wave, peak) {
  const highest = wave.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const fade = Math.round(0.01 * RATE);
  return Float32Array.from(wave, (x, i) => ((x * peak) / highest) * Math.min(1, (wave.length - 1 - i) / fade));
}

function snare() {
  const size = Math.round(0.36 * RATE);
  const wires = lowPass(highPass(highPass(noise(size, 0x5eed), 900, 0.8), 1400, 0.7), 7000);
  const wave = Float64Array.from(wires, (wire, i) => {
    const t = i / RATE;
    const bend = 0.35 * 0.012 * (1 - Math.exp(-t / 0.012)); // the skin is tighter while it is hit
    const skin = MODES.reduce((sum, { hz, level, s }) => sum + level * Math.sin(2 * Math.PI * hz * (t + bend)) * Math.exp(-t / s), 0);
    const rattle = 1.1 * Math.exp(-t / 0.07) + 0.4 * Math.exp(-t / 0.009);
    return skin + rattle * wire;
  });
  return finished(wave, 0.95);
}

/** @param {number} seconds @param {number} decay s to 1/e @param {number} peak */
function hat(seconds, decay, peak) {
  const hiss = noise(Math.round(seconds * RATE), 0xa11);
  const metal = Float64Array.from(hiss, (x, i) => {
    const t = i / RATE;
    return 0.5 * x + HAT_HZ.reduce((sum, hz) => sum + ((hz * HAT_UP * t) % 1 < 0.5 ? 0.3 : -0.3), 0);
  });
  const bright = lowPass(highPass(highPass(metal, 6500, 0.9), 7000, 0.7), 9000);
  return finished(bright.map((x, i) => x * Math.exp(-i / RATE / decay) * Math.min(1, i / 12)), peak);
}

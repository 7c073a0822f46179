/**
 * A sound as the layers and round robins of a kit have it: its spectrum is tilted and its click raised by a filter of minimum
 * phase (kickitout.generation.shaping). Runs in a thread of its own: a layer takes longer than a stroke may wait.
 */

import { fft, inverseFft } from "./fft.js";

/** @typedef {{samples: Float32Array[], matching: number}} Coloured  matching: gain that makes it as loud as the sound itself */
/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum */

const TILT_HZ = 60; // from here on a tilt counts
const CLICK_HZ = 2000; // half of a shelf's dB is reached here
const LEAST_FFT = 32768;

/** @type {Map<string, Spectrum>} complex gains of filters, [size / 2 + 1], by what they do */
const filters = new Map();

/** All layers of a sound that differ from it. */
export class Colours {
  /** @param {Float32Array[]} samples a channel each @param {number} rate Hz */
  constructor(samples, rate) {
    this.samples = samples;
    this.rate = rate;
    this.spectrum = spectrumOf(samples);
    this.energy = loudEnergy(this.spectrum, rate);
  }

  /** @param {number} tilt dB an octave @param {number} click dB @returns {Coloured} */
  layer(tilt, click) {
    const size = this.spectrum.re.length;
    const filter = filterOf(size, this.rate, tilt, click);
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    for (let i = 0; i < size; i++) {
      const mirrored = i > size / 2;
      const k = mirrored ? size - i : i;
      const [x, y] = [filter.re[k], mirrored ? -filter.im[k] : filter.im[k]];
      re[i] = this.spectrum.re[i] * x - this.spectrum.im[i] * y;
      im[i] = this.spectrum.re[i] * y + this.spectrum.im[i] * x;
    }
    const energy = loudEnergy({ re, im }, this.rate);
    inverseFft(re, im);
    const long = this.samples[0].length;
    const samples = [re, im].slice(0, this.samples.length).map((part) => Float32Array.from(part.subarray(0, long)));
    return { samples, matching: energy > 0 ? Math.sqrt(this.energy / energy) : 1 };
  }
}

/** Of both channels at once: the second one is the imaginary part. @param {Float32Array[]} samples @returns {Spectrum} */
function spectrumOf(samples) {
  const long = samples[0].length;
  const size = Math.max(LEAST_FFT, 2 ** Math.ceil(Math.log2(long + LEAST_FFT / 4 + 1)));
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  re.set(samples[0]);
  if (samples[1]) im.set(samples[1]);
  fft(re, im);
  return { re, im };
}

/** Minimum phase from the gain, by the real cepstrum (Oppenheim & Schafer 1975). @param {number} size @param {number} rate @param {number} tilt @param {number} click @returns {Spectrum} */
function filterOf(size, rate, tilt, click) {
  const key = `${size} ${rate} ${tilt} ${click}`;
  const known = filters.get(key);
  if (known) return known;
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i <= size / 2; i++) {
    const hz = (i * rate) / size;
    const db = tilt * 0.5 * Math.log2(1 + (hz / TILT_HZ) ** 2) + (click * hz ** 2) / (hz ** 2 + CLICK_HZ ** 2);
    re[i] = re[(size - i) % size] = (db * Math.LN10) / 20;
  }
  inverseFft(re, im);
  for (let i = 1; i < size / 2; i++) re[i] *= 2; // what lies before time 0 is folded behind it
  re.fill(0, size / 2 + 1);
  im.fill(0);
  fft(re, im);
  const half = { re: re.slice(0, size / 2 + 1), im: im.slice(0, size / 2 + 1) };
  for (let i = 0; i <= size / 2; i++) {
    const gain = Math.exp(re[i]);
    [half.re[i], half.im[i]] = [gain * Math.cos(im[i]), gain * Math.sin(im[i])];
  }
  filters.set(key, half);
  return half;
}

/** Energy after the K-weighting of ITU-R BS.1770-5, of all channels. @param {Spectrum} spectrum @param {number} rate */
function loudEnergy({ re, im }, rate) {
  const size = re.length;
  const weights = kWeighting(size, rate);
  let sum = 0;
  for (let i = 0; i < size; i++) sum += weights[i <= size / 2 ? i : size - i] * (re[i] * re[i] + im[i] * im[i]);
  return sum;
}

/** @type {Map<string, Float64Array>} */
const weightings = new Map();

/** Gain of power at each frequency: kickitout.descriptors.loudness.k_weighting, squared. @param {number} size @param {number} rate */
function kWeighting(size, rate) {
  const key = `${size} ${rate}`;
  const known = weightings.get(key);
  if (known) return known;
  const made = Float64Array.from({ length: size / 2 + 1 }, (_, i) => {
    const w = Math.tan(Math.PI * Math.min(i / size, 0.4999));
    const [shelf, pass] = [1681.974450955533, 38.13547087602444].map((hz) => w / Math.tan((Math.PI * hz) / rate));
    const [top, q] = [10 ** (3.999843853973347 / 20), 0.7071752369554196];
    // |numerator|^2 / |denominator|^2 with s = j w
    const up = (1 - top * shelf ** 2) ** 2 + ((top ** 0.4996667741545416 / q) * shelf) ** 2;
    const down = (1 - shelf ** 2) ** 2 + (shelf / q) ** 2;
    return (up / down) * (pass ** 4 / ((1 - pass ** 2) ** 2 + (pass / 0.5003270373238773) ** 2));
  });
  weightings.set(key, made);
  return made;
}

/**
 * A sound, a velocity and a round robin -> what is played: the sound as a kit's layer has it. Its spectrum is tilted and
 * its click raised by a filter of minimum phase (kickitout.generation.shaping), and its loudness follows the velocity.
 */

import { audio, bufferOf } from "./audio.js";
import { fft, inverseFft } from "./fft.js";
import { amplitudeOf, LAYERS, layerOf, ROBINS, tiltOf, variationOf } from "./velocity.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{buffer: AudioBuffer, gain: number, rate: number}} Stroke  rate: of the playback, 1 is as it is */
/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum */
/** @typedef {{buffer: AudioBuffer, matching: number}} Layer  matching: gain that makes it as loud as the sound itself */

const TILT_HZ = 60; // from here on a tilt counts
const CLICK_HZ = 2000; // half of a shelf's dB is reached here
const LEAST_FFT = 32768;
const MOST_SOUNDS = 12; // whose strokes are kept: of the pads, and of what was selected last

/** @type {Map<string, Spectrum>} complex gains of filters, [size / 2 + 1], by what they do */
const filters = new Map();
/** @type {Map<Sound, {spectrum: Spectrum, energy: number, layers: Map<string, Layer>}>} the latest last */
const kept = new Map();

/** @param {Sound} sound @param {number} velocity 1 to 127 @param {number} robin from 0 on @returns {Stroke} */
export function strokeOf(sound, velocity, robin) {
  const number = robin % ROBINS;
  const { cents, levelDb } = variationOf(number);
  const { buffer, matching } = layerFor(sound, layerOf(velocity), number);
  return { buffer, gain: matching * amplitudeOf(velocity) * 10 ** (levelDb / 20), rate: 2 ** (cents / 1200) };
}

/**
 * Make all strokes of a sound, one at a time with a pause after each, so that nothing has to wait.
 * @param {Sound} sound
 * @param {() => boolean} wanted whether they still are
 */
export async function prepareStrokes(sound, wanted) {
  for (let layer = LAYERS - 1; layer >= 0; layer--) {
    for (let robin = 0; robin < ROBINS; robin++) {
      await new Promise((resolve) => setTimeout(resolve));
      if (!wanted()) return;
      layerFor(sound, layer, robin);
    }
  }
}

/** @param {Sound} sound @param {number} layer @param {number} robin @returns {Layer} */
function layerFor(sound, layer, robin) {
  const [tilt, click] = [tiltOf(layer), variationOf(robin).clickDb];
  if (tilt === 0 && click === 0) return { buffer: bufferOf(sound), matching: 1 };
  const own = analysed(sound);
  const key = `${layer} ${robin}`;
  let made = own.layers.get(key);
  if (!made) {
    made = coloured(sound, own, tilt, click);
    own.layers.set(key, made);
  }
  return made;
}

/** The spectrum of a sound, kept while it is played. @param {Sound} sound */
function analysed(sound) {
  let own = kept.get(sound);
  if (!own) {
    const spectrum = spectrumOf(sound);
    own = { spectrum, energy: loudEnergy(spectrum, sound.rate), layers: new Map() };
  }
  kept.delete(sound);
  kept.set(sound, own);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_SOUNDS) break;
    kept.delete(oldest);
  }
  return own;
}

/** Of both channels at once: the second one is the imaginary part. @param {Sound} sound @returns {Spectrum} */
function spectrumOf({ samples }) {
  const long = samples[0].length;
  const size = Math.max(LEAST_FFT, 2 ** Math.ceil(Math.log2(long + LEAST_FFT / 4 + 1)));
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  re.set(samples[0]);
  if (samples[1]) im.set(samples[1]);
  fft(re, im);
  return { re, im };
}

/** @param {Sound} sound @param {{spectrum: Spectrum, energy: number}} own @param {number} tilt @param {number} click @returns {Layer} */
function coloured(sound, own, tilt, click) {
  const size = own.spectrum.re.length;
  const filter = filterOf(size, sound.rate, tilt, click);
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    const mirrored = i > size / 2;
    const k = mirrored ? size - i : i;
    const [x, y] = [filter.re[k], mirrored ? -filter.im[k] : filter.im[k]];
    re[i] = own.spectrum.re[i] * x - own.spectrum.im[i] * y;
    im[i] = own.spectrum.re[i] * y + own.spectrum.im[i] * x;
  }
  const energy = loudEnergy({ re, im }, sound.rate);
  inverseFft(re, im);
  const long = sound.samples[0].length;
  const buffer = audio().createBuffer(sound.samples.length, long, sound.rate);
  [re, im].slice(0, sound.samples.length).forEach((part, channel) => buffer.copyToChannel(Float32Array.from(part.subarray(0, long)), channel));
  return { buffer, matching: energy > 0 ? Math.sqrt(own.energy / energy) : 1 };
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

/** A loop with a kick on its beats, as `kick fit` mixes them (kickitout.fitting.mix): samples in, samples out. */

const ONSET = 64; // samples of a kick before it begins: kickitout.sound
const FORGOTTEN = 14; // times the release after which nothing of a duck is left

/** @typedef {{db: number, attack_s: number, least_release_s: number}} Duck */
/** @typedef {{samples: Float32Array[], gainDb: number}} Hit */

/**
 * Gain of a loop that a kick on each beat ducks: 1 but around the beats.
 * @param {number} length in samples
 * @param {number} rate
 * @param {number[]} beats in seconds
 * @param {Duck} duck
 * @param {number} releaseS
 */
export function ducking(length, rate, beats, duck, releaseS) {
  const release = Math.max(releaseS, duck.least_release_s);
  const depth = 1 - 10 ** (-duck.db / 20);
  const down = new Float32Array(length);
  for (const beat of beats) {
    const from = Math.max(0, Math.ceil((beat - duck.attack_s) * rate));
    const to = Math.min(length, Math.ceil((beat + FORGOTTEN * release) * rate));
    for (let i = from; i < to; i++) {
      const since = i / rate - beat;
      const fall = since >= 0 ? Math.exp(-since / release) : 1 + since / duck.attack_s;
      if (fall > down[i]) down[i] = fall;
    }
  }
  return down.map((one) => 1 - depth * one);
}

/**
 * The mix, a channel each. hit: the kick, null for the loop alone; gain: of the loop; gainDb: of the whole.
 * @param {Float32Array[]} loop
 * @param {number} rate
 * @param {number[]} beats
 * @param {Hit | null} hit
 * @param {Float32Array | null} gain
 * @param {number} gainDb
 */
export function mixed(loop, rate, beats, hit, gain, gainDb) {
  const whole = 10 ** (gainDb / 20);
  const made = loop.map((channel) => channel.map((one, i) => whole * one * (gain ? gain[i] : 1)));
  if (!hit) return made;
  const kick = mono(hit.samples);
  const level = whole * 10 ** (hit.gainDb / 20);
  for (const beat of beats) {
    const at = Math.round(beat * rate) - ONSET;
    for (const channel of made) {
      for (let i = Math.max(0, -at); i < kick.length && at + i < channel.length; i++) channel[at + i] += level * kick[i];
    }
  }
  return made;
}

/** @param {Float32Array[]} samples */
function mono(samples) {
  if (samples.length === 1) return samples[0];
  return samples[0].map((_, i) => samples.reduce((sum, channel) => sum + channel[i], 0) / samples.length);
}

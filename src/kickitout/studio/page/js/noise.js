/**
 * Seed -> standard normal noise, the same numbers as kickitout.generation.noise: SplitMix64 and Box-Muller.
 * The 64 random bits are exact; logarithm and cosine may differ in the last bit of a double between two languages, which
 * rounding to float32 almost always hides.
 */

const MASK = (1n << 64n) - 1n;
const GOLDEN = 0x9e3779b97f4a7c15n;
export const START_STRIDE = 0x5851f42d4c957f2dn; // between the seeds of two starts: see kickitout.generation.match
const SEEDS = 1n << 53n;

/** SplitMix64's finaliser. @param {bigint} x */
function mix(x) {
  x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return x ^ (x >> 31n);
}

/** @param {number} seed a whole number below 2^53 @param {number} size @returns {Float32Array} */
export function normal(seed, size) {
  const pairs = (size + 1) >> 1;
  const key = mix((BigInt(seed) * GOLDEN + GOLDEN) & MASK);
  const unit = Array.from({ length: 2 * pairs }, (_, i) => {
    const bits = mix((key + GOLDEN * BigInt(i + 1)) & MASK);
    return (Number(bits >> 11n) + 0.5) * 2 ** -53;
  });
  const out = new Float32Array(2 * pairs);
  for (let i = 0; i < pairs; i++) {
    const radius = Math.sqrt(-2 * Math.log(unit[i]));
    const angle = 2 * Math.PI * unit[pairs + i];
    out[i] = radius * Math.cos(angle);
    out[pairs + i] = radius * Math.sin(angle);
  }
  return out.slice(0, size);
}

/** The seed of a start of a seed. @param {number} seed @param {number} start */
export const startSeed = (seed, start) => Number((BigInt(seed) + BigInt(start) * START_STRIDE) % SEEDS);

/** The discrete Fourier transform of complex numbers, where they lie (Cooley & Tukey 1965, doi.org/10.2307/2003354). */

/** @type {Map<number, {cos: Float64Array, sin: Float64Array}>} */
const tables = new Map();

/** cos and -sin of a turn, in `size` steps. @param {number} size */
function turnsOf(size) {
  let table = tables.get(size);
  if (!table) {
    const angles = Float64Array.from({ length: size }, (_, i) => (-2 * Math.PI * i) / size);
    table = { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
    tables.set(size, table);
  }
  return table;
}

/** Put the numbers into the order that the butterflies need. @param {Float64Array} re @param {Float64Array} im */
function shuffle(re, im) {
  for (let i = 1, j = 0; i < re.length; i++) {
    let bit = re.length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j |= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
}

/** Forward; the result overwrites the numbers. Any size; quick where no prime factor is large. @param {Float64Array} re real parts @param {Float64Array} im imaginary parts */
export function fft(re, im) {
  const odd = leastOddFactor(re.length);
  if (odd === 1) ofTwos(re, im);
  else joined(re, im, odd);
}

/** @param {number} size */
function leastOddFactor(size) {
  let odd = size;
  while (odd % 2 === 0) odd /= 2;
  for (let factor = 3; factor * factor <= odd; factor += 2) if (odd % factor === 0) return factor;
  return odd;
}

/** Of each `parts`-th number on its own, and then of these. @param {Float64Array} re @param {Float64Array} im @param {number} parts */
function joined(re, im, parts) {
  const size = re.length;
  const long = size / parts;
  const { cos, sin } = turnsOf(size);
  const whole = { re: re.slice(), im: im.slice() };
  const [x, y] = [new Float64Array(long), new Float64Array(long)];
  re.fill(0);
  im.fill(0);
  for (let r = 0; r < parts; r++) {
    for (let i = 0; i < long; i++) {
      x[i] = whole.re[i * parts + r];
      y[i] = whole.im[i * parts + r];
    }
    fft(x, y);
    for (let k = 0, turn = 0, from = 0; k < size; k++) {
      re[k] += cos[turn] * x[from] - sin[turn] * y[from];
      im[k] += cos[turn] * y[from] + sin[turn] * x[from];
      if ((turn += r) >= size) turn -= size;
      if (++from === long) from = 0;
    }
  }
}

/** Of 2^k numbers. @param {Float64Array} re @param {Float64Array} im */
function ofTwos(re, im) {
  const size = re.length;
  const { cos, sin } = turnsOf(size);
  shuffle(re, im);
  for (let half = 1; half < size; half *= 2) {
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const [c, s] = [cos[k * stride], sin[k * stride]];
        const x = c * re[b] - s * im[b];
        const y = c * im[b] + s * re[b];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** Backward; the result overwrites the numbers. @param {Float64Array} re @param {Float64Array} im */
export function inverseFft(re, im) {
  fft(im, re); // swapping both parts before and after turns the sign of the exponent
  for (let i = 0; i < re.length; i++) {
    re[i] /= re.length;
    im[i] /= im.length;
  }
}

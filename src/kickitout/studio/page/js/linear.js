/** Small dense linear algebra: as much of it as the tail of a kick needs. */

/** @typedef {[number, number]} Complex  real and imaginary part */

const ROUNDING = 2 ** -52;
const SWEEPS = 60;

/**
 * Eigenvalues, the largest first, and their directions, of a symmetric matrix: Jacobi's rotations (Golub & Van Loan 1996,
 * section 8.4).
 * @param {Float64Array[]} matrix
 */
export function symmetricEigen(matrix) {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const v = a.map((_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j))); // rows are directions
  const whole = Math.hypot(...a.flatMap((row) => [...row]));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off = Math.hypot(off, a[p][q]);
        if (a[p][q] === 0) continue;
        const half = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.hypot(half, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
        for (let k = 0; k < n; k++) {
          [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
          [v[p][k], v[q][k]] = [c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]];
        }
      }
    }
    if (off <= ROUNDING * whole) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v[i]) };
}

/**
 * The x for which the sum of columns times x lies nearest to `target`: Gram and Schmidt, modified, twice.
 * @param {Complex[][]} columns @param {Complex[]} target @returns {Complex[]}
 */
export function leastSquares(columns, target) {
  const n = columns.length;
  /** @type {Complex[][]} */
  const q = [];
  const r = columns.map(() => /** @type {Complex[]} */ (Array.from({ length: n }, () => [0, 0])));
  columns.forEach((column, k) => {
    let rest = column;
    for (let again = 0; again < 2; again++) {
      for (let i = 0; i < k; i++) {
        const share = product(q[i], rest);
        r[i][k] = [r[i][k][0] + share[0], r[i][k][1] + share[1]];
        rest = rest.map((x, m) => minus(x, times(share, q[i][m])));
      }
    }
    const size = Math.hypot(...rest.map(([re, im]) => Math.hypot(re, im)));
    r[k][k] = [size, 0];
    q.push(rest.map(([re, im]) => [re / (size || 1), im / (size || 1)]));
  });
  let rest = target;
  const shares = q.map((direction) => {
    const share = product(direction, rest);
    rest = rest.map((x, m) => minus(x, times(share, direction[m])));
    return share;
  });
  /** @type {Complex[]} */
  const x = new Array(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = shares[k];
    for (let j = k + 1; j < n; j++) sum = minus(sum, times(r[k][j], x[j]));
    x[k] = r[k][k][0] ? [sum[0] / r[k][k][0], sum[1] / r[k][k][0]] : [0, 0];
  }
  return x;
}

/**
 * Eigenvalues of a small matrix: QR steps with Wilkinson's shift, deflated from below (Golub & Van Loan 1996, 7.5).
 * @param {Complex[][]} matrix @returns {Complex[]}
 */
export function eigenvalues(matrix) {
  const a = matrix.map((row) => row.map((x) => /** @type {Complex} */ ([...x])));
  /** @type {Complex[]} */
  const found = [];
  for (let n = a.length, steps = 0; n > 0; ) {
    const small = n > 1 ? size(a[n - 2][n - 2]) + size(a[n - 1][n - 1]) : 0;
    const below = Math.max(0, ...a[n - 1].slice(0, n - 1).map(size));
    if (n === 1 || below <= ROUNDING * small || steps > SWEEPS * a.length) {
      found.push(a[n - 1][n - 1]);
      n -= 1;
      continue;
    }
    steps += 1;
    const shift = steps % 11 ? wilkinson(a, n) : /** @type {Complex} */ ([below, below / 2]); // another one, lest it goes round
    step(a, n, shift);
  }
  return found;
}

/** One QR step of the leading n rows: A - s = Q R, then R Q + s. @param {Complex[][]} a @param {number} n @param {Complex} shift */
function step(a, n, shift) {
  const q = Array.from({ length: n }, (_, k) => a.slice(0, n).map((row, i) => (i === k ? minus(row[k], shift) : row[k])));
  const r = q.map(() => /** @type {Complex[]} */ (Array.from({ length: n }, () => [0, 0])));
  for (let k = 0; k < n; k++) {
    for (let again = 0; again < 2; again++) {
      for (let i = 0; i < k; i++) {
        const share = product(q[i], q[k]);
        r[i][k] = [r[i][k][0] + share[0], r[i][k][1] + share[1]];
        q[k] = q[k].map((x, m) => minus(x, times(share, q[i][m])));
      }
    }
    const long = Math.hypot(...q[k].map(size));
    r[k][k] = [long, 0];
    q[k] = long ? q[k].map(([re, im]) => [re / long, im / long]) : q[k];
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = /** @type {Complex} */ (i === j ? [...shift] : [0, 0]);
      for (let k = i; k < n; k++) sum = minus(sum, times([-r[i][k][0], -r[i][k][1]], q[j][k]));
      a[i][j] = sum;
    }
  }
}

/** The eigenvalue of the lowest two rows that is nearer to their corner. @param {Complex[][]} a @param {number} n @returns {Complex} */
function wilkinson(a, n) {
  const [[p, q], [r, s]] = [a[n - 2].slice(n - 2, n), a[n - 1].slice(n - 2, n)];
  const half = /** @type {Complex} */ ([(p[0] - s[0]) / 2, (p[1] - s[1]) / 2]);
  const [mean, root] = [/** @type {Complex} */ ([(p[0] + s[0]) / 2, (p[1] + s[1]) / 2]), squareRoot(minus(times(half, half), times([-q[0], -q[1]], r)))];
  const both = [minus(mean, root), minus(mean, [-root[0], -root[1]])];
  return size(minus(both[0], s)) < size(minus(both[1], s)) ? both[0] : both[1];
}

/** @param {Complex} x @returns {Complex} */
function squareRoot([re, im]) {
  const long = Math.hypot(re, im);
  const real = Math.sqrt((long + re) / 2);
  return [real, (im < 0 ? -1 : 1) * Math.sqrt(Math.max(0, (long - re) / 2))];
}

/** @param {Complex} x */
const size = ([re, im]) => Math.hypot(re, im);
/** @param {Complex} a @param {Complex} b @returns {Complex} */
const times = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c];
/** @param {Complex} a @param {Complex} b @returns {Complex} */
const minus = ([a, b], [c, d]) => [a - c, b - d];

/** The sum of a conjugate times another. @param {Complex[]} a @param {Complex[]} b @returns {Complex} */
function product(a, b) {
  let [re, im] = [0, 0];
  for (let k = 0; k < a.length; k++) {
    re += a[k][0] * b[k][0] + a[k][1] * b[k][1];
    im += a[k][0] * b[k][1] - a[k][1] * b[k][0];
  }
  return [re, im];
}

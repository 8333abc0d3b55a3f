// Numbers as Python and NumPy compute them, so that the same drawing gives the same 28x28 pixels on both sides.

/** Round to the nearest whole number, halves to the even one. */
export function roundHalfEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** Return a percentile, interpolated linearly between its two neighbours, of a typed array that is not empty. */
export function percentile(values, percent) {
  const place = (percent / 100) * (values.length - 1);
  const below = Math.floor(place);
  const rest = place - below;
  const parted = values.slice();
  const low = select(parted, below);
  if (rest === 0) return low;
  const high = findLeast(parted.subarray(below + 1));
  return rest < 0.5 ? low + (high - low) * rest : high - (high - low) * (1 - rest);
}

/** Order an array so far that at an index is what a full ordering would put there; return that (quickselect). */
function select(values, index) {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const pivot = values[(first + last) >> 1];
    let [i, j] = [first, last];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (index <= j) last = j;
    else if (index >= i) first = i;
    else break;
  }
  return values[index];
}

/** Return the smallest value; Infinity for none. */
export function findLeast(values) {
  let least = Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] < least) least = values[i];
  return least;
}

/** Return the largest value; -Infinity for none. */
export function findLargest(values) {
  let largest = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  return largest;
}

/** Add up a Float32Array of fewer than 128 values with NumPy's rounding: eight sums side by side, then the rest. */
export function sumFloat32(values) {
  let total = 0;
  let start = 0;
  if (values.length >= 8) {
    const sums = Float32Array.from(values.subarray(0, 8));
    for (start = 8; start + 8 <= values.length; start += 8) {
      for (let i = 0; i < 8; i++) sums[i] += values[start + i];
    }
    const [a, b, c, d] = [0, 2, 4, 6].map((i) => Math.fround(sums[i] + sums[i + 1]));
    total = Math.fround(Math.fround(a + b) + Math.fround(c + d));
  }
  for (; start < values.length; start++) total = Math.fround(total + values[start]);
  return total;
}

/** Return the sum of the products of two rows of numbers. */
export function dot(first, second) {
  let sum = 0;
  for (let i = 0; i < first.length; i++) sum += first[i] * second[i];
  return sum;
}

/** Solve a system of linear equations, matrix (n, n) as rows; an unknown on which nothing depends becomes 0. */
export function solve(matrix, wanted) {
  const rows = matrix.map((row, i) => [...row, wanted[i]]);
  const size = rows.length;
  for (let k = 0; k < size; k++) {
    let best = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[best][k])) best = i;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    if (Math.abs(rows[k][k]) < 1e-12) continue;
    for (let i = 0; i < size; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= size; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return rows.map((row, k) => (Math.abs(row[k]) < 1e-12 ? 0 : row[size] / row[k]));
}

/** Return the eigenvector of a symmetric matrix (n, n), as rows, with the largest eigenvalue (Jacobi's rotations). */
export function findPrincipalAxis(matrix) {
  const a = matrix.map((row) => [...row]);
  const size = a.length;
  const vectors = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        if (a[p][q] === 0) continue;
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        for (const row of [...a, ...vectors])
          [row[p], row[q]] = [cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]];
        for (let i = 0; i < size; i++)
          [a[p][i], a[q][i]] = [cos * a[p][i] - sin * a[q][i], sin * a[p][i] + cos * a[q][i]];
      }
    }
  }
  const largest = a.reduce((best, row, i) => (row[i] > a[best][best] ? i : best), 0);
  return vectors.map((row) => row[largest]);
}

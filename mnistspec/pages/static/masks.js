// Operations on masks, as mnistspec/data/photo/masks.py has them: typed arrays of 0 and 1, and their width and height.

import { findLargest } from "./numbers.js";

/** Return a label, from 1 on in order of their first pixels, for each 8-connected component of a mask; 0 elsewhere. */
export function labelComponents(mask, width, height) {
  const labels = new Int32Array(width * height);
  let last = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] || !mask[start]) continue;
    labels[start] = ++last;
    const waiting = [start];
    while (waiting.length) {
      const i = waiting.pop();
      const [x, y] = [i % width, Math.floor(i / width)];
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          const next = v * width + u;
          if (labels[next] || !mask[next]) continue;
          labels[next] = last;
          waiting.push(next);
        }
      }
    }
  }
  return labels;
}

export function countLabels(labels) {
  const counts = new Float64Array(1 + findLargest(labels));
  for (const label of labels) counts[label]++;
  return counts;
}

/** Count the pixels of each label along the outline; a corner counts twice. */
export function countContacts(labels, width, height) {
  const contacts = new Float64Array(1 + findLargest(labels));
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) contacts[labels[y * width + x]]++;
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) contacts[labels[y * width + x]]++;
  return contacts;
}

/** Return the longer side of the box around what is not 0. */
export function measureExtent(values, width, height) {
  const box = findExtent((i) => values[i] > 0, width, height);
  return Math.max(box.bottom - box.top, box.right - box.left);
}

/** Cut a box {top, bottom, left, right}, the ends excluded, out of a picture. */
export function crop({ values, width }, { top, bottom, left, right }) {
  const rows = Array.from({ length: bottom - top }, (_, y) =>
    values.subarray((top + y) * width + left, (top + y) * width + right),
  );
  const cut = new values.constructor((bottom - top) * (right - left));
  rows.forEach((row, y) => cut.set(row, y * (right - left)));
  return { values: cut, width: right - left, height: bottom - top };
}

/** Return the box around the pixels of which something is true, the ends excluded; null if there are none. */
export function findExtent(isInside, width, height) {
  const box = { top: height, bottom: 0, left: width, right: 0 };
  for (let i = 0; i < width * height; i++) {
    if (!isInside(i)) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
  }
  return box.bottom ? box : null;
}

/** Fill the gaps between the first and the last pixel of each row, and of each column. */
export function fill(mask, width, height) {
  const filled = fillRows(mask, width, height);
  const lines = { count: width, stride: 1 };
  fillLines(mask, filled, lines, { count: height, stride: width });
  return filled;
}

export function fillRows(mask, width, height) {
  const filled = new Uint8Array(mask.length);
  fillLines(mask, filled, { count: height, stride: width }, { count: width, stride: 1 });
  return filled;
}

function fillLines(mask, filled, lines, pixels) {
  for (let n = 0; n < lines.count; n++) {
    const at = (i) => n * lines.stride + i * pixels.stride;
    let [first, last] = [0, pixels.count - 1];
    while (first <= last && !mask[at(first)]) first++;
    while (last > first && !mask[at(last)]) last--;
    for (let i = first; i <= last; i++) filled[at(i)] = 1;
  }
}

/** Return which part of a shape and of the quadrilateral between its outermost pixels, diagonally, is of both. */
export function compareWithQuadrilateral(shape, width, height) {
  const corners = [(x, y) => x + y, (x, y) => y - x, (x, y) => -x - y, (x, y) => x - y].map((measure) => {
    let [best, least] = [[0, 0], Infinity];
    for (let i = 0; i < width * height; i++) {
      if (!shape[i]) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      if (measure(x, y) < least) [best, least] = [[x, y], measure(x, y)];
    }
    return best;
  });
  let [both, either] = [0, 0];
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const isInside = corners.every(([left, top], n) => {
      const [right, bottom] = corners[(n + 1) % 4];
      return (x - left) * (bottom - top) <= (y - top) * (right - left);
    });
    if (isInside && shape[i]) both++;
    if (isInside || shape[i]) either++;
  }
  return both / either;
}

/** Widen a mask by a radius. */
export function widen(mask, radius, width, height) {
  const columns = widenLines(mask, radius, { count: width, stride: 1 }, { count: height, stride: width });
  return widenLines(columns, radius, { count: height, stride: width }, { count: width, stride: 1 });
}

function widenLines(mask, radius, lines, pixels) {
  const wide = new Uint8Array(mask.length);
  for (let n = 0; n < lines.count; n++) {
    const at = (i) => n * lines.stride + i * pixels.stride;
    let next = 0;
    for (let i = 0; i < pixels.count; i++) {
      if (!mask[at(i)]) continue;
      for (next = Math.max(next, i - radius); next <= Math.min(i + radius, pixels.count - 1); next++)
        wide[at(next)] = 1;
    }
  }
  return wide;
}

/** Take away what lies within a radius of the rest. */
export function erode(mask, radius, width, height) {
  return widen(
    mask.map((value) => 1 - value),
    radius,
    width,
    height,
  ).map((value) => 1 - value);
}

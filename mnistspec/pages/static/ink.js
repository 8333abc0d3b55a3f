// Tell the ink of a drawn digit from its background, step for step as mnistspec/data/photo/ink.py does.

import { blur, findFrame, findOtsuThreshold, measureStrength } from "./background.js";
import { findLargest, findLeast, percentile } from "./numbers.js";
import { describe, findShapes } from "./shapes.js";

const MIN_CONTRAST = 12; // levels (of 255) by which ink stands out from the background ...
const MIN_SIGNAL_TO_NOISE = 6; // ... and this many times the noise
const CLEAN_SIGNAL_TO_NOISE = 25; // noise that is smaller than that need not be blurred away
const SPECK = 0.03; // a separate stroke smaller than this part of the largest one is a speck
const OUTLINE = 0.1; // a patch along more than this part of the outline is the table or a shadow
const SHEET_SIDE = 0.4; // a sheet has sides of at least this part of the picture's shorter one ...
const SHEET = 0.9; // ... and is a quadrilateral to this part
const PAGE = 0.8; // the page of a scan may lack some of its corners
const TWO_TONES = 3; // two tones lie further apart than this times the sum of their deviations
const MAX_EDGE = 0.6; // the edges of a scan cover at most this part of it ...
const CUT = 0.15; // ... and at most this part of their border touches ink

/** Return the ink of one digit, a picture of strengths in [0, 1] and a note; null if there is none. */
export function findInk(levels) {
  const found = clearEdges(levels)
    .map(findStrokes)
    .filter((ink) => ink && !isOnOutline(ink));
  if (!found.length) return findStrokes(levels);
  const extents = found.map((ink) => measureExtent(ink.values, ink.width, ink.height));
  return found[extents.indexOf(Math.max(...extents))];
}

/** Do what findInk does, in a picture without edges of a scan. */
function findStrokes(levels) {
  let { strength, noise } = measureStrength(levels);
  if (findLargest(strength) < CLEAN_SIGNAL_TO_NOISE * noise) ({ strength, noise } = measureStrength(blur(levels)));
  if (findLargest(strength) < Math.max(MIN_CONTRAST, MIN_SIGNAL_TO_NOISE * noise)) return null;
  const { width, height } = levels;
  const floor = 3 * noise;
  const strong = findOtsuThreshold(strength.filter((value) => value > floor));
  const { labels, sizes } = keepStrokes(strength, Math.max(0.75 * strong, floor), strong, width, height);
  const sheet = findSheet(labels, width, height);
  const found = sheet && findInk(crop(levels, sheet));
  if (found) return found;
  const shapes = findShapes(labels, sizes, width);
  const chosen = new Set(shapes[0].labels);
  const kept = Uint8Array.from(labels, (label) => (chosen.has(label) ? 1 : 0));
  const full = percentile(
    strength.filter((value, i) => kept[i] && value > strong),
    90,
  );
  // A twentieth of the extent, a pixel of the final digit, takes in the soft edges.
  const near = widen(kept, Math.max(1, Math.floor(measureExtent(kept, width, height) / 20)), width, height);
  const values = strength.map((value, i) =>
    near[i] && (kept[i] || !labels[i]) ? Math.min(Math.max((value - floor) / (full - floor), 0), 1) : 0,
  );
  return { values, width, height, note: describe(shapes) };
}

/** Return the picture without what may be edges of a scan: once for each of the tones that its page may have. */
function clearEdges(levels) {
  const { values, width, height } = levels;
  const frame = Float64Array.from(findFrame(levels), (i) => values[i]);
  if (findLargest(frame) - findLeast(frame) < 2 * MIN_CONTRAST) return [];
  const threshold = findOtsuThreshold(frame);
  const dark = describeTone(frame.filter((value) => value <= threshold));
  const light = describeTone(frame.filter((value) => value > threshold));
  if (light.mean - dark.mean < TWO_TONES * (dark.deviation + light.deviation)) return [];
  return [(value) => value > threshold, (value) => value <= threshold]
    .map((isTone) => clearEdge(Uint8Array.from(values, (value) => (isTone(value) ? 1 : 0))))
    .filter((cleared) => cleared);

  function clearEdge(tone) {
    const labels = labelComponents(tone, width, height);
    const sizes = countLabels(labels).fill(0, 0, 1);
    const largest = sizes.indexOf(findLargest(sizes));
    const page = fill(
      labels.map((label) => (label === largest ? 1 : 0)),
      width,
      height,
    );
    if (compareWithQuadrilateral(page, width, height) < PAGE) return null;
    const outside = labelComponents(
      page.map((value) => 1 - value),
      width,
      height,
    );
    const contacts = countContacts(outside, width, height);
    for (const i of [0, width - 1, (height - 1) * width, height * width - 1]) contacts[outside[i]] = width * height;
    contacts[0] = 0;
    const edge = Uint8Array.from(outside, (label) => (contacts[label] > OUTLINE * 2 * (width + height) ? 1 : 0));
    const share = edge.reduce((sum, value) => sum + value, 0) / edge.length;
    if (share === 0 || share > MAX_EDGE) return null;
    const radius = Math.max(2, Math.floor(Math.max(width, height) / 100));
    const patch = widen(edge, radius, width, height);
    const wide = widen(patch, radius, width, height);
    const beside = [...wide.keys()].filter((i) => wide[i] && !patch[i]);
    const tones = Float64Array.from(
      beside.filter((i) => tone[i]),
      (i) => values[i],
    );
    if (tones.length <= (1 - CUT) * beside.length) return null;
    const paint = percentile(tones, 50);
    return { values: values.map((value, i) => (patch[i] ? paint : value)), width, height };
  }
}

function describeTone(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

/** Fill the gaps between the first and the last pixel of each row, and of each column. */
function fill(mask, width, height) {
  const filled = fillRows(mask, width, height);
  const lines = { count: width, stride: 1 };
  fillLines(mask, filled, lines, { count: height, stride: width });
  return filled;
}

function fillRows(mask, width, height) {
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

function isOnOutline({ values, width, height }) {
  return values.some((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return value > 0 && (x === 0 || y === 0 || x === width - 1 || y === height - 1);
  });
}

/** Return the longer side of the box around what is not 0. */
function measureExtent(values, width, height) {
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

/** Label the connected parts above `weak` that hold enough above `strong` to be strokes; also return how much. */
function keepStrokes(strength, weak, strong, width, height) {
  const labels = labelComponents(
    Uint8Array.from(strength, (value) => (value > weak ? 1 : 0)),
    width,
    height,
  );
  const contacts = countContacts(labels, width, height);
  const sizes = new Float64Array(contacts.length);
  for (let i = 0; i < labels.length; i++) if (strength[i] > strong) sizes[labels[i]]++;
  sizes[0] = contacts[0] = 0;
  const inside = sizes.map((size, label) => (contacts[label] > OUTLINE * 2 * (width + height) ? 0 : size));
  const chosen = findLargest(inside) > 0.001 * width * height ? inside : sizes;
  const least = Math.max(1, SPECK * findLargest(chosen));
  return { labels: labels.map((label) => (chosen[label] >= least ? label : 0)), sizes: chosen };
}

/** Return a label, from 1 on in order of their first pixels, for each 8-connected component of a mask; 0 elsewhere. */
function labelComponents(mask, width, height) {
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

function countLabels(labels) {
  const counts = new Float64Array(1 + findLargest(labels));
  for (const label of labels) counts[label]++;
  return counts;
}

/** Count the pixels of each label along the outline; a corner counts twice. */
function countContacts(labels, width, height) {
  const contacts = new Float64Array(1 + findLargest(labels));
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) contacts[labels[y * width + x]]++;
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) contacts[labels[y * width + x]]++;
  return contacts;
}

/** Return the inside of a sheet of paper that was taken for ink, because the table around it is the background. */
function findSheet(labels, width, height) {
  const box = findExtent((i) => labels[i] > 0, width, height);
  const sides = [box.bottom - box.top, box.right - box.left];
  if (Math.min(...sides) < Math.max(SHEET_SIDE * Math.min(width, height), 28)) return null;
  const filled = fillRows(crop({ values: labels, width }, box).values, sides[1], sides[0]);
  if (compareWithQuadrilateral(filled, sides[1], sides[0]) < SHEET) return null;
  const [rows, columns] = sides.map((side) => Math.floor(side / 20));
  return { top: box.top + rows, bottom: box.bottom - rows, left: box.left + columns, right: box.right - columns };
}

/** Return which part of a shape and of the quadrilateral between its outermost pixels, diagonally, is of both. */
function compareWithQuadrilateral(shape, width, height) {
  const corners = [
    (x, y) => x + y,
    (x, y) => y - x,
    (x, y) => -x - y,
    (x, y) => x - y,
  ].map((measure) => {
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
function widen(mask, radius, width, height) {
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

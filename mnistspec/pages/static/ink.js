// Tell the ink of a drawn digit from its background, step for step as mnistspec/data/ink.py does.

import { blur, measureStrength } from "./background.js";
import { findLargest, findLeast, percentile } from "./numbers.js";

const MIN_CONTRAST = 12; // levels (of 255) by which ink stands out from the background ...
const MIN_SIGNAL_TO_NOISE = 6; // ... and so many times the noise
const CLEAN_SIGNAL_TO_NOISE = 25; // noise that is smaller than that need not be blurred away
const SPECK = 0.03; // a separate stroke smaller than this part of the largest one is a speck
const OUTLINE = 0.1; // a patch along more than this part of the outline is the table or a shadow
const SHEET_FILL = 0.7; // what fills so much of its bounding box ...
const SHEET_SIDE = 0.4; // ... and is so large a part of the picture may be a sheet with the digit on it

/** Return the ink in a picture as strengths in [0, 1], a picture again; null if there is none. */
export function findInk(levels) {
  let { strength, noise } = measureStrength(levels);
  if (findLargest(strength) < CLEAN_SIGNAL_TO_NOISE * noise) ({ strength, noise } = measureStrength(blur(levels)));
  if (findLargest(strength) < Math.max(MIN_CONTRAST, MIN_SIGNAL_TO_NOISE * noise)) return null;
  const { width, height } = levels;
  const floor = 3 * noise;
  const strong = findOtsuThreshold(strength.filter((value) => value > floor));
  const weak = Math.max(0.75 * strong, floor);
  const kept = keepStrokes(strength, weak, strong, width, height);
  const sheet = findSheet(kept, width, height);
  const found = sheet && findInk(crop(levels, sheet));
  if (found) return found;
  const full = percentile(
    strength.filter((value, i) => kept[i] && value > strong),
    90,
  );
  const wide = widen(kept, width, height);
  const values = strength.map((value, i) => (wide[i] ? Math.min(Math.max((value - floor) / (full - floor), 0), 1) : 0));
  return { values, width, height };
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

/** Return the threshold that splits strengths into the two classes that differ most (N. Otsu, 1979). */
function findOtsuThreshold(strengths) {
  const bins = 256;
  let low = findLeast(strengths);
  let high = findLargest(strengths);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? high : low + i * ((high - low) / bins),
  );
  const counts = new Float64Array(bins);
  for (const value of strengths) {
    let bin = Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
    if (value < edges[bin]) bin--;
    else if (bin < bins - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  const centre = (i) => (edges[i] + edges[i + 1]) / 2;
  const total = counts.reduce((sum, count, i) => sum + count * centre(i), 0);
  let [below, sum, best, widest] = [0, 0, 0, -1];
  for (let i = 0; i < bins - 1; i++) {
    below += counts[i];
    sum += counts[i] * centre(i);
    const above = strengths.length - below;
    const between = below && above ? below * above * (sum / below - (total - sum) / above) ** 2 : 0;
    if (between > widest) [best, widest] = [i, between];
  }
  return edges[1 + best];
}

/** Keep the connected parts above `weak` that hold enough above `strong` to be strokes and not specks. */
function keepStrokes(strength, weak, strong, width, height) {
  const labels = labelComponents((i) => strength[i] > weak, width, height);
  const count = 1 + findLargest(labels);
  const sizes = new Float64Array(count);
  const contacts = new Float64Array(count);
  for (let i = 0; i < labels.length; i++) if (strength[i] > strong) sizes[labels[i]]++;
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) contacts[labels[y * width + x]]++;
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) contacts[labels[y * width + x]]++;
  sizes[0] = contacts[0] = 0;
  const inside = sizes.map((size, label) => (contacts[label] > OUTLINE * 2 * (width + height) ? 0 : size));
  const chosen = findLargest(inside) > 0.001 * width * height ? inside : sizes;
  const least = Math.max(1, SPECK * findLargest(chosen));
  return labels.map((label) => (chosen[label] >= least ? 1 : 0));
}

/** Return a label, from 1 on, for each 8-connected component of the pixels of which something is true; 0 elsewhere. */
function labelComponents(isInside, width, height) {
  const labels = new Int32Array(width * height);
  let last = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] || !isInside(start)) continue;
    labels[start] = ++last;
    const waiting = [start];
    while (waiting.length) {
      const i = waiting.pop();
      const [x, y] = [i % width, Math.floor(i / width)];
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          const next = v * width + u;
          if (labels[next] || !isInside(next)) continue;
          labels[next] = last;
          waiting.push(next);
        }
      }
    }
  }
  return labels;
}

/** Return the inside of a sheet of paper that was taken for ink, because the table around it is the background. */
function findSheet(mask, width, height) {
  const box = findExtent((i) => mask[i], width, height);
  const sides = [box.bottom - box.top, box.right - box.left];
  const filled = mask.reduce((sum, value) => sum + value, 0);
  const least = Math.max(SHEET_SIDE * Math.min(width, height), 28);
  if (Math.min(...sides) < least || filled < SHEET_FILL * sides[0] * sides[1]) return null;
  const [rows, columns] = sides.map((side) => Math.floor(side / 20));
  return { top: box.top + rows, bottom: box.bottom - rows, left: box.left + columns, right: box.right - columns };
}

/** Widen a mask by a twentieth of its extent, a pixel of the final digit, to take in the soft edges. */
function widen(mask, width, height) {
  const box = findExtent((i) => mask[i], width, height);
  const radius = Math.max(1, Math.floor(Math.max(box.bottom - box.top, box.right - box.left) / 20));
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

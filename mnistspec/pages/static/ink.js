// Tell the ink of a drawn digit from its background, step for step as mnistspec/data/photo/ink.py does.

import { blur, findFrame, findOtsuThreshold, measureStrength } from "./background.js";
import {
  compareWithQuadrilateral,
  countContacts,
  countLabels,
  crop,
  erode,
  fill,
  fillRows,
  findExtent,
  labelComponents,
  measureExtent,
  widen,
} from "./masks.js";
import { findLargest, findLeast, percentile } from "./numbers.js";
import { describe, findShapes } from "./shapes.js";

const MIN_CONTRAST = 12; // levels (of 255) by which ink stands out from the background ...
const MIN_SIGNAL_TO_NOISE = 6; // ... and this many times the noise
const CLEAN_SIGNAL_TO_NOISE = 25; // noise that is smaller than that need not be blurred away
const SPECK = 0.03; // a separate stroke smaller than this part of the largest one is a speck
const MOST_STROKES = 100; // of a digit, which may consist of dots
const OUTLINE = 0.1; // a patch along more than this part of the outline is the table or a shadow
const SHEET_SIDE = 0.4; // a sheet has sides of at least this part of the picture's shorter one ...
const SHEET = 0.9; // ... and is a quadrilateral to this part
const SHEET_COVER = 0.5; // the rest of it is the digit; of a frame drawn around a digit less is ink
const PAGE = 0.8; // the page of a scan may lack some of its corners
const TWO_TONES = 3; // two tones lie further apart than this times the sum of their deviations
const MAX_EDGE = 0.6; // the edges of a scan cover at most this part of it ...
const CUT = 0.15; // ... and at most this part of their border touches ink

/** Return the ink of one digit, strengths in [0, 1] and a note, at most some sheets deep; null if there is none. */
export function findInk(levels, sheets = 2) {
  const found = clearEdges(levels)
    .map((cleared) => findStrokes(cleared, sheets))
    .filter((ink) => ink && !isOnOutline(ink));
  if (!found.length) return findStrokes(levels, sheets);
  const extents = found.map((ink) => measureExtent(ink.values, ink.width, ink.height));
  return found[extents.indexOf(Math.max(...extents))];
}

/** Do what findInk does, in a picture without edges of a scan. */
function findStrokes(levels, sheets) {
  let { strength, noise } = measureStrength(levels);
  if (findLargest(strength) < CLEAN_SIGNAL_TO_NOISE * noise) ({ strength, noise } = measureStrength(blur(levels)));
  if (findLargest(strength) < Math.max(MIN_CONTRAST, MIN_SIGNAL_TO_NOISE * noise)) return null;
  const { width, height } = levels;
  const floor = 3 * noise;
  const strong = findOtsuThreshold(strength.filter((value) => value > floor));
  const { labels, sizes } = keepStrokes(strength, Math.max(0.75 * strong, floor), strong, width, height);
  const sheet = sheets ? findSheet(labels, width, height) : null;
  const found = sheet && findInk(crop(levels, sheet), sheets - 1);
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
  return { values: thin(values, width, height), width, height, note: describe(shapes) };
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
    const edge = page.map((value) => 1 - value);
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

function isOnOutline({ values, width, height }) {
  return values.some((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return value > 0 && (x === 0 || y === 0 || x === width - 1 || y === height - 1);
  });
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
  const order = [...chosen.keys()].sort((a, b) => chosen[b] - chosen[a]);
  const kept = new Set(order.slice(0, MOST_STROKES).filter((label) => chosen[label] >= least));
  return { labels: labels.map((label) => (kept.has(label) ? label : 0)), sizes: chosen };
}

/** Erode strokes thicker than MNIST's, an eighth of the digit's extent, to that. */
function thin(values, width, height) {
  const padded = [width + 2, height + 2];
  const mask = new Uint8Array(padded[0] * padded[1]);
  const place = (i) => (Math.floor(i / width) + 1) * padded[0] + (i % width) + 1;
  values.forEach((value, i) => (mask[place(i)] = value > 0.5 ? 1 : 0));
  const extent = measureExtent(mask, ...padded);
  const margin = Math.floor(extent / 20);
  const count = (pixels) => pixels.reduce((sum, value) => sum + value, 0);
  const lost = 1 - count(erode(mask, margin, ...padded)) / count(mask);
  if (lost === 0) return values; // the digit is no larger than the final one
  const radius = Math.floor(((2 * margin) / lost - extent / 8) / 1.75);
  if (radius <= 0) return values;
  const eroded = erode(mask, radius, ...padded);
  return values.map((_, i) => eroded[place(i)]);
}

/** Return the inside of a sheet of paper that was taken for ink, or of a frame drawn around the digit. */
function findSheet(labels, width, height) {
  const box = findExtent((i) => labels[i] > 0, width, height);
  const sides = [box.bottom - box.top, box.right - box.left];
  if (Math.min(...sides) < Math.max(SHEET_SIDE * Math.min(width, height), 28)) return null;
  const { values } = crop({ values: labels, width }, box);
  const filled = fillRows(values, sides[1], sides[0]);
  const contacts = countContacts(values, sides[1], sides[0]);
  const holdsOthers = countLabels(values).some((count, label) => label && count && !contacts[label]);
  const cover = values.filter((label) => label).length / filled.filter((value) => value).length;
  if (cover < SHEET_COVER && !holdsOthers) return null;
  if (compareWithQuadrilateral(filled, sides[1], sides[0]) < SHEET) return null;
  const [rows, columns] = sides.map((side) => Math.floor(side / 20));
  return { top: box.top + rows, bottom: box.bottom - rows, left: box.left + columns, right: box.right - columns };
}

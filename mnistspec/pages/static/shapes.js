// Several shapes in a picture, told apart as mnistspec/data/photo/shapes.py does.

const ALIKE = 0.5; // of two digits, the smaller is at least this part of the other across their line ...
const [ROW, COLUMN] = [1.1, 1.8]; // ... and together they are longer than a digit, by their size across the line ...
const GAP = 0.25; // ... or lie further apart than a digit's strokes

/** Join components, given by their labels and numbers of strong pixels, to digits; the largest one comes first. */
export function findShapes(labels, sizes, width) {
  const found = new Map();
  labels.forEach((label, i) => {
    if (!label) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    const pixel = { top: y, bottom: y + 1, left: x, right: x + 1, size: 0, labels: [] };
    const shape = found.get(label);
    found.set(label, shape ? join(shape, pixel) : { ...pixel, size: sizes[label], labels: [label] });
  });
  const shapes = [];
  for (let shape of [...found.values()].sort((a, b) => a.labels[0] - b.labels[0])) {
    const findNear = () => shapes.findIndex((other) => !areApart(other, shape));
    for (let i = findNear(); i >= 0; i = findNear()) shape = join(...shapes.splice(i, 1), shape);
    shapes.push(shape);
  }
  return shapes.sort((a, b) => b.size - a.size || a.top - b.top || a.bottom - b.bottom || a.left - b.left);
}

function join(a, b) {
  return {
    top: Math.min(a.top, b.top),
    bottom: Math.max(a.bottom, b.bottom),
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
    size: a.size + b.size,
    labels: [...a.labels, ...b.labels],
  };
}

function areApart(a, b) {
  const { top, bottom, left, right } = join(a, b);
  const [height, width] = [bottom - top, right - left];
  const heights = [a, b].map((shape) => shape.bottom - shape.top);
  const widths = [a, b].map((shape) => shape.right - shape.left);
  const inLine = (gap, across, length, size, long) =>
    gap >= 0 && Math.min(...across) >= ALIKE * Math.max(...across) && (length > long * size || gap > GAP * size);
  return (
    inLine(Math.max(a.left, b.left) - Math.min(a.right, b.right), heights, width, height, ROW) ||
    inLine(Math.max(a.top, b.top) - Math.min(a.bottom, b.bottom), widths, height, width, COLUMN)
  );
}

/** Say which of several shapes is read, the first one; nothing if there is only one. */
export function describe([read, ...others]) {
  if (!others.length) return "";
  const sides = {
    "on the left": others.every((other) => read.right <= other.left),
    "on the right": others.every((other) => read.left >= other.right),
    "at the top": others.every((other) => read.bottom <= other.top),
    "at the bottom": others.every((other) => read.top >= other.bottom),
  };
  const side = Object.keys(sides).find((name) => sides[name]);
  return `${others.length + 1} shapes in the picture; read the largest one${side ? `, ${side}` : ""}`;
}

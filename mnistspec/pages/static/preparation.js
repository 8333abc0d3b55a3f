// A drawing or photo of a digit, prepared as mnistspec/data/photo/preparation.py prepares it.

import { findInk } from "./ink.js";
import { dot, findPrincipalAxis, percentile } from "./numbers.js";
import { placeInk } from "./placement.js";

const ONE_TONE = 48; // visible pixels that differ less have their shape in their transparency alone

/** Prepare the digit in an ImageData: 28x28 bytes, light ink on black, and a note; null if there is no ink. */
export function prepare(picture) {
  const ink = findInk(readLevels(picture));
  return ink && { pixels: placeInk(ink), note: ink.note };
}

/** Return the picture as one number a pixel, about 0 to 255, that tells ink from background. */
function readLevels({ data, width, height }) {
  const colours = [0, 1, 2].map((channel) => takeChannel(data, channel));
  const opacity = takeChannel(data, 3);
  if (opacity.some((value) => value < 255)) flattenTransparency(colours, opacity, width, height);
  const [red, green, blue] = colours;
  const isGrey = red.every((value, i) => value === green[i] && value === blue[i]);
  return { values: isGrey ? red : projectColours(colours), width, height };
}

function takeChannel(data, channel) {
  const values = new Float64Array(data.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i + channel];
  return values;
}

/** Put a transparent picture, three channels, in place, on the background against which its ink shows. */
function flattenTransparency(colours, opacity, width, height) {
  let isVisible = (i) => opacity[i] >= 128;
  let visible = [...opacity.keys()].filter(isVisible);
  if (!visible.length) {
    isVisible = (i) => opacity[i] > 0;
    visible = [...opacity.keys()].filter(isVisible);
  }
  if (!visible.length || visible.length === opacity.length) return;
  const isRim = (i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (
      (x > 0 && !isVisible(i - 1)) ||
      (x < width - 1 && !isVisible(i + 1)) ||
      (y > 0 && !isVisible(i - width)) ||
      (y < height - 1 && !isVisible(i + width))
    );
  };
  const rim = visible.filter(isRim);
  let behind = colours.map((channel) => rim.reduce((sum, i) => sum + channel[i], 0) / rim.length);
  const distances = Float64Array.from(
    visible,
    (i) => colours.reduce((sum, channel, c) => sum + Math.abs(channel[i] - behind[c]), 0) / 3,
  );
  // Ink alone: the opposite tone goes behind it. Otherwise the rim is background, or fades into it, and goes on.
  if (percentile(distances, 98) < ONE_TONE) {
    const sum = visible.reduce((total, i) => total + colours[0][i] + colours[1][i] + colours[2][i], 0);
    behind = behind.fill(sum / (3 * visible.length) < 128 ? 255 : 0);
  }
  colours.forEach((channel, c) =>
    opacity.forEach((value, i) => (channel[i] = (channel[i] * value + behind[c] * (255 - value)) / 255)),
  );
}

/** Project three channels on the axis along which they differ most, so that red on green is not lost. */
function projectColours(colours) {
  const differences = colours.map((channel) => {
    const median = percentile(channel, 50);
    return channel.map((value) => value - median);
  });
  const products = differences.map((first) => differences.map((second) => dot(first, second)));
  const axis = findPrincipalAxis(products);
  const length = axis.reduce((sum, value) => sum + Math.abs(value), 0);
  const [x, y, z] = axis.map((value) => value / length);
  const [red, green, blue] = colours;
  // Rounded, so that equal colours are equal levels: sums differ in their last bits by the order of their terms.
  return red.map((value, i) => Math.round((x * value + y * green[i] + z * blue[i]) * 1e6) / 1e6);
}

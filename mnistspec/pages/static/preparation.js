// A drawing or photo of a digit, prepared as mnistspec/data/photo.py prepares it.

import { findInk } from "./ink.js";
import { dot, findPrincipalAxis, percentile } from "./numbers.js";
import { placeInk } from "./placement.js";

const ONE_TONE = 30; // visible pixels that vary less have their shape in their transparency alone

/** Prepare the digit in an ImageData: 28x28 bytes, light ink on black; null if there is no ink. */
export function prepare(picture) {
  const ink = findInk(readLevels(picture));
  return ink && placeInk(ink);
}

/** Return the picture as one number a pixel, about 0 to 255, that tells ink from background. */
function readLevels({ data, width, height }) {
  const colours = [0, 1, 2].map((channel) => takeChannel(data, channel));
  const opacity = takeChannel(data, 3);
  if (opacity.some((value) => value < 255)) flattenTransparency(colours, opacity);
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
function flattenTransparency(colours, opacity) {
  const [red, green, blue] = colours;
  const tones = red.map((value, i) => (value + green[i] + blue[i]) / 3);
  const visible = opacity.reduce((sum, value) => sum + value, 0);
  const mean = tones.reduce((sum, tone, i) => sum + tone * opacity[i], 0) / visible;
  const spread = Math.sqrt(tones.reduce((sum, tone, i) => sum + (tone - mean) ** 2 * opacity[i], 0) / visible);
  // Ink alone: the opposite tone goes behind it. A picture with a background of its own: that one goes on.
  const behind = (spread > ONE_TONE ? mean >= 128 : mean < 128) ? 255 : 0;
  for (const channel of colours) {
    opacity.forEach((value, i) => (channel[i] = (channel[i] * value + behind * (255 - value)) / 255));
  }
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

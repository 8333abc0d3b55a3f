// A picture, prepared as mnistspec/formats/pictures.py prepares it: on white, of one size, grey or in colour.

import { resample } from "./resampling.js";

const WHITE = 240; // a pixel of a picture's border is white from this value on, in each channel

/** Prepare an ImageData: bytes of this shape (channels, height, width), fitted in by pad, crop or stretch. */
export function preparePicture(image, [channels, height, width], fit) {
  const { picture, isTransparent } = flatten(image, channels);
  const isThere = picture.width === width && picture.height === height;
  const fitted = isThere ? picture : fitPicture(picture, width, height, fit, isTransparent);
  const pixels = new Uint8Array(channels * height * width);
  fitted.channels.forEach((values, channel) => pixels.set(values, channel * height * width));
  return pixels;
}

function fitPicture(picture, width, height, fit, isTransparent) {
  if (fit === "stretch") return resample(picture, width, height);
  if (fit === "crop") return resample(picture, width, height, findMiddle(picture, width / height));
  const scale = Math.min(width / picture.width, height / picture.height);
  const inner = [picture.width, picture.height].map((side) => Math.max(1, roundToEven(side * scale)));
  const ground = isTransparent || isWhiteAround(picture) ? 255 : 0;
  const [left, top] = [(width - inner[0]) >> 1, (height - inner[1]) >> 1];
  const small = resample(picture, ...inner);
  const channels = small.channels.map((values) => {
    const padded = new Uint8Array(width * height).fill(ground);
    for (let row = 0; row < inner[1]; row++) {
      padded.set(values.subarray(row * inner[0], (row + 1) * inner[0]), (top + row) * width + left);
    }
    return padded;
  });
  return { channels, width, height };
}

/** Return the largest box of this ratio of width to height in the middle of a picture. */
function findMiddle({ width, height }, ratio) {
  const [w, h] = width / height >= ratio ? [ratio * height, height] : [width, width / ratio];
  const [left, top] = [(width - w) * 0.5, (height - h) * 0.5];
  return { left, top, right: left + w, bottom: top + h };
}

/** Round as Python does: halves to the even number. */
function roundToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/** Return the picture on white, with 1 or 3 channels, and whether it is transparent somewhere. */
function flatten({ data, width, height }, count) {
  const colours = [0, 1, 2].map(() => new Uint8Array(width * height));
  let isTransparent = false;
  for (let i = 0; i < width * height; i++) {
    const opacity = data[4 * i + 3];
    if (opacity < 255) isTransparent = true;
    for (let channel = 0; channel < 3; channel++) {
      colours[channel][i] = Math.round((data[4 * i + channel] * opacity + 255 * (255 - opacity)) / 255);
    }
  }
  const [red, green, blue] = colours;
  // The weights of ITU-R BT.601, as Pillow has them.
  const toGrey = (value, i) => (value * 19595 + green[i] * 38470 + blue[i] * 7471 + 0x8000) >> 16;
  const channels = count === 1 ? [red.map(toGrey)] : colours;
  return { picture: { channels, width, height }, isTransparent };
}

function isWhiteAround({ channels, width, height }) {
  let [white, all] = [0, 0];
  const count = (i) => {
    all += 1;
    white += channels.every((values) => values[i] >= WHITE) ? 1 : 0;
  };
  for (let x = 0; x < width; x++) [0, height - 1].forEach((row) => count(row * width + x));
  for (let y = 1; y < height - 1; y++) [0, width - 1].forEach((column) => count(y * width + column));
  return white >= all / 2;
}

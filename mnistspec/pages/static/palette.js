/** Bytes of the server as pixels: images in grey or colour, values of either sign in two colours. */

// From M. Okabe and K. Ito's palette, lighter towards their ends: orange for values above 0, blue for those below.
const ABOVE = [[0, 0, 0], [213, 94, 0], [255, 214, 150]];
const BELOW = [[0, 0, 0], [0, 114, 178], [170, 220, 255]];

/** Return base64 as bytes. */
export function decodeBytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Return base64 as values from -127 to 127. */
export function decodeValues(text) {
  return new Int8Array(decodeBytes(text).buffer);
}

/** Return the colour of a value from -127 to 127: black at 0. */
export function colorOf(value) {
  const stops = value > 0 ? ABOVE : BELOW;
  const place = (Math.abs(value) / 127) * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  return stops[index].map((from, channel) => from + (stops[index + 1][channel] - from) * (place - index));
}

/** Return a canvas of width x height pixels; `color` gives the red, green and blue of each from its number. */
export function paintPixels(width, height, color) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let index = 0; index < width * height; index += 1) {
    image.data.set([...color(index), 255], 4 * index);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Return an image, bytes of a shape (channels, height, width), as it goes into the network; a negative if `inverted`. */
export function paintImage(bytes, [channels, height, width], inverted = false) {
  const size = height * width;
  const place = (index, channel) => index + (channels === 3 ? channel * size : 0);
  const level = (value) => (inverted ? 255 - value : value);
  return paintPixels(width, height, (index) => [0, 1, 2].map((channel) => level(bytes[place(index, channel)])));
}

/** Return an image in grey with the values of a gradient laid over it, each as opaque as it is large. */
export function paintSaliency(bytes, [channels, height, width], values) {
  const size = height * width;
  const grey = (index) => (channels === 1 ? bytes[index] : (bytes[index] + bytes[index + size] + bytes[index + 2 * size]) / 3);
  return paintPixels(width, height, (index) => {
    const share = Math.abs(values[index]) / 127;
    const tone = colorOf(Math.sign(values[index]) * 80);
    return tone.map((level) => 0.6 * grey(index) * (1 - share) + level * share);
  });
}

// Pictures of another size, as Pillow's bicubic filter makes them: averaged when smaller, smooth when larger.
// Its arithmetic is repeated, with whole numbers: the same pixels give the same bytes, or all but the same where Pillow
// takes the height first, which depends on its version.

const SUPPORT = 2; // of the filter, in pixels of the smaller picture
const BITS = 2 ** 22; // what a weight of 1 is as a whole number

/** A picture is {channels, width, height}: an array of bytes for each channel. The box is {left, top, right, bottom}. */
export function resample(picture, width, height, box = null) {
  const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: picture.width, bottom: picture.height };
  const across = weigh(picture.width, left, right, width);
  const down = weigh(picture.height, top, bottom, height);
  const channels = picture.channels.map((values) => {
    const rows = apply(values, across, picture.height, { step: 1, line: picture.width, width, isAcross: true });
    return apply(rows, down, width, { step: width, line: 1, width, isAcross: false });
  });
  return { channels, width, height };
}

/** Return for each new pixel the first old one that counts, and the weights from there on. */
function weigh(size, start, end, count) {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const scale = Math.fround(last - first) / count;
  const stretch = Math.max(1, scale);
  return Array.from({ length: count }, (_, place) => {
    const center = first + (place + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - SUPPORT * stretch + 0.5));
    const to = Math.min(size, Math.trunc(center + SUPPORT * stretch + 0.5));
    const weights = Array.from({ length: to - from }, (_, i) => filter((from + i - center + 0.5) * (1 / stretch)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const whole = weights.map((weight) => Math.trunc((weight / total) * BITS + (weight < 0 ? -0.5 : 0.5)));
    return { from, weights: whole };
  });
}

/** Return the weight of a pixel at a distance: R. Keys' cubic convolution with a = -0.5. */
function filter(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < SUPPORT ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/** Weigh bytes along lines: `line` is from one line to the next, `step` from one pixel of a line to the next. */
function apply(values, places, lines, { step, line, width, isAcross }) {
  const result = new Uint8Array(places.length * lines);
  places.forEach(({ from, weights }, place) => {
    for (let index = 0; index < lines; index++) {
      let sum = BITS / 2;
      let at = index * line + from * step;
      for (let i = 0; i < weights.length; i++, at += step) sum += values[at] * weights[i];
      result[isAcross ? index * width + place : place * width + index] = Math.min(Math.max(Math.floor(sum / BITS), 0), 255);
    }
  });
  return result;
}

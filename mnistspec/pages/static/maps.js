/** The maps of a layer side by side; a click or the arrow keys choose a position, the same in all of them. */

import { make } from "./bars.js";
import { colorOf, paintPixels } from "./palette.js";

const HEIGHT = 260; // of all maps together at most, in CSS pixels, as long as each can be recognised
const MAP = { least: 32, most: 126, gap: 6 }; // the side of one, and what is between two
const VALUE = { least: 9, most: 33, gap: 3 }; // of one that is a single value
const MARK = "#ffd500";
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class MapsView {
  #canvas = make("canvas", "maps");
  #onPlace;
  #size; // height and width of the input
  #layer = null;
  #maps = []; // a small canvas for each
  #of = 0; // the number of maps of the layer; not all may be shown
  #place = null; // {row, column}
  #grid = { columns: 1, tile: 64, step: 70, tall: 64, down: 70 }; // width and height of a map, and to the next one

  /** `onPlace` is called without arguments when another position is chosen; `size` is the input's height and width. */
  constructor(onPlace, size) {
    [this.#onPlace, this.#size] = [onPlace, size];
    this.element = make("div", "maps-frame", this.#canvas);
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "img");
    this.#canvas.addEventListener("click", (event) => this.#choose(event));
    this.#canvas.addEventListener("keydown", (event) => this.#step(event));
    new ResizeObserver(() => this.#paint()).observe(this.element);
  }

  /** Show maps, values from -127 to 127 of this shape (channels, height, width); the layer has `of` of them. */
  show(layer, shape, values, of) {
    const [count, height, width] = shape;
    if (layer !== this.#layer) this.#place = null;
    [this.#layer, this.#of] = [layer, of];
    this.#maps = Array.from({ length: count }, (_, map) =>
      paintPixels(width, height, (index) => colorOf(values[map * height * width + index])),
    );
    const places = this.#hasPlaces ? " Arrow keys choose a position, Escape none." : "";
    this.#canvas.setAttribute("aria-label", `${of} maps of ${height} by ${width} values of ${layer.name}.${places}`);
    this.#paint();
  }

  /** Show no maps. */
  clear() {
    this.#maps = [];
    this.#canvas.setAttribute("aria-label", "No maps: there is nothing to read");
    this.#paint();
  }

  /** The square of the input that the chosen position sees: {row, column, side}; may lie partly outside; or null. */
  get box() {
    if (!this.#place || !this.#maps.length) return null;
    const { start, jump, receptive_field: side } = this.#layer;
    return { row: start + this.#place.row * jump, column: start + this.#place.column * jump, side };
  }

  /** What is shown, and what the chosen position sees, in a sentence. */
  get text() {
    if (!this.#maps.length) return "";
    const { name } = this.#layer;
    const rest = this.#of > this.#maps.length ? `The first ${this.#maps.length} of ${this.#of.toLocaleString("en")}. ` : "";
    const { box } = this;
    if (!box) return rest + (this.#hasPlaces ? "Click on a map to see where on the input its values come from." : "");
    const span = (first, side) => `${Math.max(0, first)} to ${Math.min(side, first + box.side) - 1}`;
    const [height, width] = this.#size;
    const { row, column } = this.#place;
    return `${rest}${name} at row ${row}, column ${column} sees rows ${span(box.row, height)}, columns ${span(box.column, width)} of the input.`;
  }

  get #hasPlaces() {
    return this.#layer.shape.length === 3;
  }

  #choose(event) {
    if (!this.#maps.length || !this.#hasPlaces) return;
    const { columns, tile, step, tall, down } = this.#grid;
    const { left, top } = this.#canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const index = Math.floor(y / down) * columns + Math.floor(x / step);
    const [inX, inY] = [x % step, y % down];
    if (index >= this.#maps.length || inX >= tile || inY >= tall) return;
    const { width, height } = this.#maps[0];
    this.#set({ row: Math.floor((inY / tall) * height), column: Math.floor((inX / tile) * width) });
  }

  #step(event) {
    if (!this.#maps.length || !this.#hasPlaces || !(event.key in STEPS || event.key === "Escape")) return;
    event.preventDefault();
    if (event.key === "Escape") return this.#set(null);
    const { width, height } = this.#maps[0];
    if (!this.#place) return this.#set({ row: height >> 1, column: width >> 1 });
    const [rows, columns] = STEPS[event.key];
    const within = (place, size) => Math.min(Math.max(place, 0), size - 1);
    this.#set({ row: within(this.#place.row + rows, height), column: within(this.#place.column + columns, width) });
  }

  #set(place) {
    this.#place = place;
    this.#paint();
    this.#onPlace();
  }

  #paint() {
    const count = this.#maps.length;
    this.#canvas.hidden = !count;
    if (!count) return;
    const room = this.element.clientWidth;
    this.#grid = arrange(count, room, this.#maps[0]);
    const { columns, tile, step, tall, down, height } = this.#grid;
    const density = window.devicePixelRatio || 1;
    Object.assign(this.#canvas, { width: Math.round(room * density), height: Math.round(height * density) });
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext("2d");
    context.scale(density, density);
    context.imageSmoothingEnabled = false;
    this.#maps.forEach((map, index) => {
      const [x, y] = [(index % columns) * step, Math.floor(index / columns) * down];
      context.drawImage(map, x, y, tile, tall);
      if (this.#place) this.#mark(context, x, y, tile / map.width, tall / map.height);
    });
  }

  #mark(context, x, y, wide, high) {
    context.strokeStyle = MARK;
    context.lineWidth = 2;
    context.strokeRect(x + this.#place.column * wide, y + this.#place.row * high, wide, high);
  }
}

/** Return how many maps stand in a row and how large each is: as large as fits into the width and, if it can, HEIGHT. */
function arrange(count, room, map) {
  const { least, most, gap } = map.width * map.height > 1 ? MAP : VALUE;
  const limit = Math.max(1, Math.floor((room + gap) / (least + gap)));
  for (let columns = 1; ; columns += 1) {
    const step = Math.min((room + gap) / columns, most + gap);
    const rows = Math.ceil(count / columns);
    const [tile, tall] = [step - gap, ((step - gap) * map.height) / map.width];
    const [down, height] = [tall + gap, rows * (tall + gap) - gap];
    if (height <= HEIGHT || columns >= limit) return { columns: Math.ceil(count / rows), tile, step, tall, down, height };
  }
}

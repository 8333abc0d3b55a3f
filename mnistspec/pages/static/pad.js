/** A pad to draw on: dark ink on light paper. A dark page shows it the other way round, but for photos: see pad.css.
 *  Where nothing is to be drawn, it shows pictures alone, and the page shows through around them. */

const INK = "#16181d";
const PAPER = "#ffffff";
const PEN = 0.078; // the pen's width as a part of the canvas: about that of the pens MNIST was written with
const REMEMBERED = 200; // steps that undo can go back, at least

export class Pad {
  #context;
  #onChange;
  #steps = []; // what was done, in order: {points}, {image, source} or {} for a cleared pad
  #pointer = null; // the finger, pen or mouse that is drawing
  #frame = 0;
  #isDrawnOn = true;

  /** `onChange` is called without arguments whenever the drawing has changed, at most once a frame while drawing. */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
    this.#onChange = onChange;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#draw(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
    this.#paint();
  }

  /** Show pictures from now on, and take no ink. */
  showPictures() {
    this.#isDrawnOn = false;
    this.canvas.classList.add("shows");
    this.#paint();
  }

  /** Whether there is nothing on the paper. */
  get isEmpty() {
    const last = this.#steps.at(-1);
    return !last || (!last.points && !last.image);
  }

  /** Whether there is anything to undo. */
  get canUndo() {
    return this.#steps.length > 0;
  }

  /** What was given with the image on the pad, as long as nothing is drawn over it; else null. */
  get source() {
    return this.#steps.at(-1)?.source ?? null;
  }

  /** Take a fresh sheet; undo brings the old one back. */
  clear() {
    if (!this.isEmpty) this.#add({});
  }

  /** Take the last stroke, image or clearing back. */
  undo() {
    if (!this.canUndo) return;
    this.#pointer = null;
    this.#steps.pop();
    this.#update();
  }

  /** Put an image (anything that a canvas can draw) on a fresh sheet, as large as fits; `source` is kept with it. */
  drawImage(bitmap, source = null) {
    const { width, height } = this.canvas;
    const scale = Math.min(width / bitmap.width, height / bitmap.height);
    const [w, h] = [bitmap.width * scale, bitmap.height * scale];
    const image = new OffscreenCanvas(width, height);
    const context = image.getContext("2d");
    context.fillStyle = PAPER;
    if (this.#isDrawnOn) context.fillRect(0, 0, width, height);
    else context.fillRect((width - w) / 2, (height - h) / 2, w, h); // what is transparent is on white
    context.imageSmoothingEnabled = scale < 4; // the pixels of a tiny image stay squares
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
    this.#add({ image, source });
  }

  /** Return the pixels of the drawing. */
  toImageData() {
    this.#paint();
    return this.#context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Return the drawing as a PNG. */
  async toBlob() {
    this.#paint();
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  #begin(event) {
    if (!this.#isDrawnOn || this.#pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.#add({ points: [this.#place(event)] });
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
  }

  #draw(event) {
    if (event.pointerId !== this.#pointer) return;
    const { points } = this.#steps.at(-1);
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) points.push(this.#place(one));
    this.#frame ||= requestAnimationFrame(() => this.#update());
  }

  #end(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    if (this.#frame) this.#update();
  }

  /** Return where an event is, in the canvas's own pixels. */
  #place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const { clientLeft, clientTop, clientWidth, clientHeight, width, height } = this.canvas;
    return {
      x: ((event.clientX - left - clientLeft) * width) / clientWidth,
      y: ((event.clientY - top - clientTop) * height) / clientHeight,
    };
  }

  #add(step) {
    this.#pointer = null; // what was being drawn is done
    this.#steps.push(step);
    const sheet = this.#sheet();
    if (sheet > REMEMBERED) this.#steps.splice(0, sheet - REMEMBERED);
    this.#update();
  }

  #update() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#paint();
    this.#onChange();
  }

  /** Return the step that the present sheet begins with. */
  #sheet() {
    return Math.max(0, this.#steps.findLastIndex((step) => !step.points));
  }

  #paint() {
    const context = this.#context;
    const { image, source } = this.#steps[this.#sheet()] ?? {};
    this.canvas.classList.toggle("empty", this.isEmpty);
    this.canvas.classList.toggle("photo", !this.#isDrawnOn || Boolean(image && !source?.pixels));
    const { width, height } = this.canvas;
    context.fillStyle = PAPER;
    if (this.#isDrawnOn) context.fillRect(0, 0, width, height);
    else context.clearRect(0, 0, width, height);
    for (const { points, image } of this.#steps.slice(this.#sheet())) {
      if (image) context.drawImage(image, 0, 0);
      if (points) this.#stroke(points);
    }
  }

  /** Draw a smooth line: quadratic curves between the middles of the points, which are their control points. */
  #stroke(points) {
    const context = this.#context;
    context.strokeStyle = INK;
    context.lineWidth = PEN * this.canvas.width;
    context.lineCap = context.lineJoin = "round";
    const last = points.at(-1);
    context.beginPath();
    context.moveTo(points[0].x, points[0].y);
    for (const [index, { x, y }] of points.slice(0, -1).entries()) {
      const next = points[index + 1];
      context.quadraticCurveTo(x, y, (x + next.x) / 2, (y + next.y) / 2);
    }
    context.lineTo(last.x + 0.01, last.y); // a single point becomes a dot: lines of no length are not drawn
    context.stroke();
  }
}

/** One network's part of the page: its answer, its input, what it sees, and what it got wrong. */

import { Bars, formatShare, make } from "./bars.js";
import { MapsView } from "./maps.js";
import { decodeBytes, decodeValues, paintImage, paintSaliency } from "./palette.js";

export class RunView {
  #run;
  #bars;
  #maps;
  #input = make("canvas", "input");
  #saliency = make("input");
  #select = make("select");
  #place = make("p", "place");
  #shown = null; // the input and the saliency on the page

  /** Build the part of a run; `onLayer` is called when another layer is chosen, `onMistake` with a mistake's data. */
  constructor(run, { onLayer, onMistake }) {
    this.#run = run;
    const bars = make("div", "reading");
    this.#bars = new Bars(bars, run.classes);
    this.#maps = new MapsView(() => this.#showPlace(), run.shape.slice(1));
    this.element = make(
      "section",
      "card",
      make("h2", "", run.label, make("span", "subtitle", describe(run))),
      make("div", "card-top", bars, this.#makeInput()),
      make("div", "sees", this.#makeChoice(onLayer), this.#maps.element, this.#place),
      makeGallery(run, onMistake),
    );
    this.element.setAttribute("aria-label", run.label);
    this.#place.setAttribute("aria-live", "polite");
    this.clear();
  }

  /** The name of the layer whose maps are to be shown. */
  get layer() {
    return this.#select.value;
  }

  /** Show what the network made of an input, bytes of the run's shape. */
  show(input, answer) {
    this.#shown = { input, saliency: decodeValues(answer.saliency.values) };
    this.#bars.show(answer.probabilities);
    const layer = this.#run.layers.find(({ name }) => name === answer.layer);
    this.#maps.show(layer, answer.maps.shape, decodeValues(answer.maps.values), answer.maps.of);
    this.#showPlace();
  }

  /** Show that there is nothing to read. */
  clear() {
    this.#shown = null;
    this.#bars.clear();
    this.#maps.clear();
    this.#showPlace();
  }

  #makeInput() {
    const [, height, width] = this.#run.shape;
    const scale = Math.max(1, Math.round(280 / Math.max(height, width)));
    Object.assign(this.#input, { width: width * scale, height: height * scale });
    this.#input.style.aspectRatio = `${width} / ${height}`;
    this.#input.setAttribute("role", "img");
    this.#input.setAttribute("aria-label", `The prepared image of ${height} by ${width} pixels`);
    this.#saliency.type = "checkbox";
    this.#saliency.addEventListener("change", () => this.#showInput());
    const label = make("label", "switch", this.#saliency, " Which pixels matter");
    const above = make("span", "legend", make("i", "above"), "more light speaks for the answer");
    const below = make("span", "legend", make("i", "below"), "more light speaks against it");
    const caption = make("figcaption", "", make("span", "", `What the network gets: ${height}x${width}`), label, above, below);
    return make("figure", "input-figure", this.#input, caption);
  }

  #makeChoice(onLayer) {
    for (const { name, shape } of this.#run.layers) {
      const option = make("option", "", `${name}, ${shape.join("x")}`);
      option.value = name;
      this.#select.append(option);
    }
    this.#select.value = this.#run.default_layer;
    this.#select.addEventListener("change", () => {
      this.#maps.clear();
      onLayer();
    });
    return make("label", "choice", "Output of layer ", this.#select);
  }

  #showInput() {
    const context = this.#input.getContext("2d");
    const { width, height } = this.#input;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    this.element?.classList.toggle("salient", this.#saliency.checked);
    if (!this.#shown) return;
    const { input, saliency } = this.#shown;
    context.imageSmoothingEnabled = false;
    const { shape } = this.#run;
    const image = this.#saliency.checked ? paintSaliency(input, shape, saliency) : paintImage(input, shape);
    context.drawImage(image, 0, 0, width, height);
    const { box } = this.#maps;
    if (!box) return;
    const scale = width / shape[2];
    context.strokeStyle = "#ffd500";
    context.lineWidth = 4;
    const side = box.side * scale - 4; // the line lies within the box
    context.strokeRect(box.column * scale + 2, box.row * scale + 2, side, side);
  }

  #showPlace() {
    this.#showInput();
    this.#place.textContent = this.#maps.text;
  }
}

function describe({ title, data, epoch, mistakes }) {
  const accuracy = mistakes && `${((100 * (mistakes.images - mistakes.wrong)) / mistakes.images).toFixed(2)} % right`;
  return [title, `epoch ${epoch}`, accuracy && `${accuracy} on the test set of ${data}`].filter(Boolean).join(", ");
}

/** Return the gallery of what the network got wrong on its test set. */
function makeGallery({ mistakes, data, shape }, onMistake) {
  if (!mistakes) return make("p", "gallery-note", `The mistakes cannot be shown: there is no test set of ${data} here.`);
  const { images, wrong, shown } = mistakes;
  const count = `${wrong.toLocaleString("en")} mistakes on ${images.toLocaleString("en")} test images`;
  const rest = wrong > shown.length ? `; the ${shown.length} most confident` : wrong ? ", the most confident first" : "";
  const list = make("ul", "gallery", ...shown.map((mistake) => make("li", "", makeThumb(mistake, shape, onMistake))));
  return make("details", "mistakes", make("summary", "", count + rest), list);
}

function makeThumb(mistake, shape, onMistake) {
  const canvas = Object.assign(make("canvas", "thumb"), { width: shape[2], height: shape[1] });
  canvas.getContext("2d").drawImage(paintImage(decodeBytes(mistake.pixels), shape), 0, 0);
  const { actual, predicted, confidence } = mistake;
  const button = make("button", "mistake", canvas, make("span", "", `${actual} \u2192 ${predicted}`));
  button.type = "button";
  button.title = `Labelled ${actual}, read as ${predicted}, ${formatShare(confidence)}`;
  button.setAttribute("aria-label", `Test image ${mistake.index}: ${button.title}`);
  button.addEventListener("click", () => onMistake(mistake));
  return button;
}

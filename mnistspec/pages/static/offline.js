// The exported page: draw, or open a picture, and see what the network gets and what it says.

import { Bars, make } from "./bars.js";
import { loadNetwork } from "./network.js";
import { Pad } from "./pad.js";
import { decodeBytes, paintImage } from "./palette.js";
import { preparePicture } from "./picture.js";
import { prepare } from "./preparation.js";
import { showPicturesOnly } from "./showing.js";

const WORKING_SIDE = 384; // of a picture's longer side: at least this many pixels are kept, and less than twice that
const MOST_PIXELS = 16e6; // that every browser's canvas takes: of a picture that nobody draws
const NO_INK = "No ink found: the image is blank, or what it shows hardly differs from its background.";

const find = (id) => document.getElementById(id);
const card = JSON.parse(find("card").textContent);
const isDrawn = card.fit === null;
const take = isDrawn ? prepare : (picture) => ({ pixels: preparePicture(picture, card.shape, card.fit), note: "" });
const pad = new Pad(find("pad"), update);
const bars = new Bars(find("answer"), card.classes);

let classify = null; // once the network is loaded
let isBusy = false;
let isStale = false;

/** Answer the drawing as it is now; what changes meanwhile is answered afterwards, once. */
async function update() {
  find("undo").disabled = !pad.canUndo;
  find("clear").disabled = pad.isEmpty;
  find("source").textContent = pad.source?.text ?? "";
  isStale = true;
  if (isBusy || !classify) return;
  isBusy = true;
  while (isStale) {
    isStale = false;
    const start = performance.now();
    await answer();
    const pause = performance.now() - start; // half of the time is the pen's
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  isBusy = false;
}

async function answer() {
  const { pixels, picture } = pad.source ?? {};
  const prepared = pad.isEmpty ? null : pixels ? { pixels, note: "" } : take(picture ?? pad.toImageData());
  const input = prepared?.pixels;
  find("input")
    .getContext("2d")
    .drawImage(paintImage(input ?? new Uint8Array(card.shape.reduce((size, side) => size * side)), card.shape), 0, 0);
  if (input) bars.show((await classify(input))[0]);
  else bars.clear();
  say(pad.isEmpty ? "" : (prepared?.note ?? NO_INK));
}

function say(text, isWrong = false) {
  find("message").textContent = text;
  find("message").classList.toggle("wrong", isWrong);
}

/** Put an image file on the pad; the network gets it from the file, which may be finer than the pad. */
async function open(file) {
  if (!file) return say("Drop an image file: a picture from another page has to be saved first.", true);
  try {
    // A picture is taken as its file has it: Python knows nothing of colour profiles.
    const image = await createImageBitmap(file, isDrawn ? {} : { colorSpaceConversion: "none" });
    const factor = isDrawn
      ? Math.max(1, Math.floor(Math.max(image.width, image.height) / WORKING_SIDE))
      : Math.max(1, Math.ceil(Math.sqrt((image.width * image.height) / MOST_PIXELS)));
    const [width, height] = [image.width, image.height].map((side) => Math.ceil(side / factor));
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    pad.drawImage(image, { picture: context.getImageData(0, 0, width, height), text: file.name });
  } catch {
    say(`${file.name} is not an image that this browser can read.`, true);
  }
}

function listen() {
  find("undo").addEventListener("click", () => pad.undo());
  find("clear").addEventListener("click", () => pad.clear());
  find("open").addEventListener("click", () => find("file").click());
  for (const id of ["file", "shot"]) {
    find(id).addEventListener("change", ({ target }) => {
      open(target.files[0]);
      target.value = ""; // so that the same file can be opened again
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => clipboardData.files.length && open(clipboardData.files[0]));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    pad.undo();
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // the browser would leave the page for the image
      find("pad").classList.toggle("receives", kind === "dragover");
      if (kind === "drop") open(event.dataTransfer.files[0]);
    });
  }
}

function showExamples() {
  for (const { index, label, pixels } of card.examples) {
    const image = paintImage(decodeBytes(pixels), card.shape, isDrawn);
    const canvas = Object.assign(make("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    const text = `Test image ${index}, labelled ${card.classes[label]}`;
    const button = Object.assign(make("button", "", canvas), { type: "button", title: text, ariaLabel: text });
    button.addEventListener("click", () => pad.drawImage(image, { pixels: decodeBytes(pixels), text }));
    find("examples").append(button);
  }
}

function showFacts() {
  const number = (value) => value.toLocaleString("en");
  const { accuracy, images } = card.measured;
  find("facts").textContent =
    `${card.title || card.name}, ${number(card.parameters)} parameters, ${accuracy.toFixed(2)} % right on the ${number(images)} test images of ${card.data}`;
  const details = {
    Run: `${card.name}/${card.run}`,
    Weights: `${card.weights}, ${card.epoch}`,
    "Made by": `mnistspec ${card.mnistspec}, with onnxruntime-web ${card.runtime} (MIT licence)`,
  };
  for (const [term, text] of Object.entries(details))
    find("details").append(make("dt", "", term), make("dd", "", text));
}

async function start() {
  const [, height, width] = card.shape;
  Object.assign(find("input"), { width, height, ariaLabel: `The prepared image of ${height} by ${width} pixels` });
  if (!isDrawn) showPicturesOnly(pad, "Open, drop or paste a picture. Or take one of the test set:");
  showFacts();
  showExamples();
  listen();
  try {
    classify = await loadNetwork(card.shape);
  } catch (error) {
    say(`The network cannot run in this browser: ${error.message}`, true);
    throw error;
  }
  say("");
  update();
  return { prepare: take, classify };
}

/** For the console, and for tests: `const {prepare, classify} = await mnistspec`. */
globalThis.mnistspec = start();

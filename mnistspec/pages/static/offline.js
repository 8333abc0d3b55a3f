// The exported page: draw, and see what the network gets and what it says.

import { Bars, make } from "./bars.js";
import { loadNetwork } from "./network.js";
import { Pad } from "./pad.js";
import { prepare } from "./preparation.js";

const IMAGE_SIDE = 28;
const WORKING_SIDE = 384; // of a picture's longer side: at least this many pixels are kept, and less than twice that
const NO_INK = "No ink found: the image is blank, or what it shows hardly differs from its background.";

const find = (id) => document.getElementById(id);
const card = JSON.parse(find("card").textContent);
const pad = new Pad(find("pad"), update);
const bars = new Bars(find("answer"), card.classes);

let classify = null; // once the network is loaded
let isBusy = false;
let isStale = false;

/** Answer the drawing as it is now; what changes meanwhile is answered afterwards, once. */
async function update() {
  find("undo").disabled = !pad.canUndo;
  find("clear").disabled = pad.isEmpty;
  isStale = true;
  if (isBusy || !classify) return;
  isBusy = true;
  while (isStale) {
    isStale = false;
    await answer();
    await new Promise(requestAnimationFrame); // the pen goes first
  }
  isBusy = false;
}

async function answer() {
  const pixels = pad.isEmpty ? null : prepare(pad.source ?? pad.toImageData());
  showPixels(find("input"), pixels ?? new Uint8Array(IMAGE_SIDE * IMAGE_SIDE));
  if (pixels) bars.show((await classify(pixels))[0]);
  else bars.clear();
  say(pixels || pad.isEmpty ? "" : NO_INK);
}

/** Draw 28x28 bytes, light ink on black, or the other way round. */
function showPixels(canvas, pixels, isInverted = false) {
  const picture = new ImageData(IMAGE_SIDE, IMAGE_SIDE);
  pixels.forEach((value, i) => picture.data.set([...Array(3).fill(isInverted ? 255 - value : value), 255], 4 * i));
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function say(text, isWrong = false) {
  find("message").textContent = text;
  find("message").classList.toggle("wrong", isWrong);
}

/** Put an image file on the pad; a large one is answered in more detail than the pad shows. */
async function open(file) {
  if (!file) return;
  try {
    const image = await createImageBitmap(file);
    const factor = Math.max(1, Math.floor(Math.max(image.width, image.height) / WORKING_SIDE));
    const [width, height] = [image.width, image.height].map((side) => Math.ceil(side / factor));
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    pad.drawImage(image, context.getImageData(0, 0, width, height));
  } catch {
    say(`${file.name || "This"} is not an image that this browser can read.`, true);
  }
}

function listen() {
  find("undo").addEventListener("click", () => pad.undo());
  find("clear").addEventListener("click", () => pad.clear());
  find("open").addEventListener("click", () => find("file").click());
  find("file").addEventListener("change", ({ target }) => {
    open(target.files[0]);
    target.value = ""; // so that the same file can be opened again
  });
  document.addEventListener("paste", (event) => open(event.clipboardData.files[0]));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z") pad.undo();
    else if (event.key === "Delete") pad.clear();
    else return;
    event.preventDefault();
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault(); // the browser would leave the page for the image
      find("pad").classList.toggle("target", kind === "dragover");
      if (kind === "drop") open(event.dataTransfer.files[0]);
    });
  }
}

function showExamples() {
  for (const { label, pixels } of card.examples) {
    const canvas = make("canvas");
    canvas.width = canvas.height = IMAGE_SIDE;
    showPixels(
      canvas,
      Uint8Array.from(atob(pixels), (character) => character.charCodeAt(0)),
      true,
    );
    const button = make("button", "", canvas);
    button.type = "button";
    button.title = card.classes[label];
    button.setAttribute("aria-label", `Test image: ${card.classes[label]}`);
    button.addEventListener("click", () => pad.drawImage(canvas));
    find("examples").append(button);
  }
}

function showFacts() {
  const number = (value) => value.toLocaleString("en");
  const { accuracy, images } = card.measured;
  find("facts").textContent =
    `${number(card.parameters)} parameters; reads ${accuracy.toFixed(2)} % of ${number(images)} test images right`;
  const details = {
    Run: `${card.name}/${card.run}`,
    Weights: `${card.weights} (${card.epoch})`,
    Data: card.data,
    "Made by": `mnistspec ${card.mnistspec}, with onnxruntime-web ${card.runtime} (MIT licence)`,
  };
  for (const [term, text] of Object.entries(details))
    find("details").append(make("dt", "", term), make("dd", "", text));
}

async function start() {
  showFacts();
  showExamples();
  listen();
  try {
    classify = await loadNetwork();
  } catch (error) {
    say(`The network cannot run in this browser: ${error.message}`, true);
    throw error;
  }
  say("");
  update();
  return { prepare, classify };
}

/** For the console, and for tests: `const {prepare, classify} = await mnistspec`. */
globalThis.mnistspec = start();

/** The demo: one drawing, read by one network or several while it is drawn; or one picture. */

import { Pad } from "./pad.js";
import { decodeBytes, paintImage } from "./palette.js";
import { RunView } from "./run.js";
import { showPicturesOnly } from "./showing.js";

const element = (id) => document.getElementById(id);
const pad = new Pad(element("pad"), refresh);
let views = [];
let maxBytes = Infinity;
let shape = []; // channels, height and width of an image of the networks
let isDrawn = true; // or else a picture that nobody draws
let isBusy = false; // a request is under way
let isStale = false; // and the drawing has changed since

start();

async function start() {
  let [task, runs] = ["", []];
  try {
    const answer = await (await fetch("runs")).json();
    [task, runs, maxBytes] = [answer.task, answer.runs, answer.max_bytes];
    [shape, isDrawn] = [answer.shape, answer.drawn];
  } catch {
    return complain("The server does not answer. Is mnistspec demo still running?");
  }
  if (!isDrawn) showPicturesOnly(pad, "Open, drop or paste a picture.");
  element("task").textContent = task;
  document.title = `${task}: mnistspec demo`;
  views = runs.map((run) => new RunView(run, { onLayer: refresh, onMistake: showMistake }));
  element("runs").append(...views.map((view) => view.element));
  element("runs").dataset.count = views.length;
  document.documentElement.dataset.ready = "true";
  refresh();
}

/** Read what is on the pad; while a reading is under way, only note that there is something newer. */
async function refresh() {
  element("undo").disabled = !pad.canUndo;
  element("clear").disabled = pad.isEmpty;
  element("source").textContent = pad.source?.text ?? "";
  isStale = true;
  if (isBusy || !views.length) return;
  isBusy = true;
  element("runs").setAttribute("aria-busy", "true");
  while (isStale) {
    isStale = false;
    await read();
  }
  isBusy = false;
  element("runs").setAttribute("aria-busy", "false");
}

async function read() {
  element("note").textContent = "";
  if (pad.isEmpty) {
    complain("");
    for (const view of views) view.clear();
    return;
  }
  try {
    const source = pad.source;
    const answer = await (source?.pixels
      ? ask("read/pixels", source.pixels)
      : ask("read/image", source?.file ?? (await pad.toBlob())));
    if (pad.isEmpty) return;
    complain("");
    element("note").textContent = answer.note;
    const input = decodeBytes(answer.input);
    views.forEach((view, index) => view.show(input, answer.runs[index]));
  } catch (error) {
    complain(error.message);
    for (const view of views) view.clear();
  }
}

/** Return what the server reads in a picture; throw an error with a sentence if it reads nothing. */
async function ask(path, body) {
  const query = new URLSearchParams(views.map((view) => ["layer", view.layer]));
  let response;
  try {
    response = await fetch(`${path}?${query}`, { method: "POST", body });
  } catch {
    throw new Error("The server does not answer. Is mnistspec demo still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(asSentence(answer.error ?? `the server answered ${response.status}`));
  return answer;
}

function asSentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Say what is wrong, or that nothing is. */
function complain(text) {
  element("problem").textContent = text;
  element("problem").hidden = !text;
}

/** Put an image file on the pad, once the server has read something in it. */
async function openFile(file) {
  if (!file) return complain("Drop an image file: a picture from another page has to be saved first.");
  if (file.size > maxBytes) {
    return complain(`The picture has more than ${Math.floor(maxBytes / 2 ** 20)} MB; make it smaller.`);
  }
  try {
    const answer = await ask("read/image", file);
    // What the browser cannot show, such as TIFF, is shown as the network gets it.
    const picture = await createImageBitmap(file).catch(() => paintImage(decodeBytes(answer.input), shape, isDrawn));
    pad.drawImage(picture, { file, text: file.name });
  } catch (error) {
    complain(error.message);
  }
}

/** Put an image of the test set on the pad; it goes into the networks as it is. */
function showMistake(mistake) {
  const pixels = decodeBytes(mistake.pixels);
  const text = `Test image ${mistake.index.toLocaleString("en")}, labelled ${mistake.actual}`;
  pad.drawImage(paintImage(pixels, shape, isDrawn), { pixels, text });
  element("pad").scrollIntoView({ block: "nearest" });
}

element("undo").addEventListener("click", () => pad.undo());
element("clear").addEventListener("click", () => pad.clear());
element("open").addEventListener("click", () => element("file").click());
for (const id of ["file", "shot"]) {
  element(id).addEventListener("change", (event) => {
    openFile(event.target.files[0]);
    event.target.value = ""; // the same file can be opened again
  });
}
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
    event.preventDefault();
    pad.undo();
  }
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) openFile(event.clipboardData.files[0]);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("pad").classList.add("receives");
});
document.addEventListener("dragleave", () => element("pad").classList.remove("receives"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("pad").classList.remove("receives");
  openFile(event.dataTransfer.files[0]);
});

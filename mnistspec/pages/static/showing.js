/** Pages of networks for pictures that nobody draws: one opens, drops or pastes them, or takes a photo on a phone. */

/** Turn the pad into a place for pictures, and the page with it; `ways` says what a visitor can do. */
export function showPicturesOnly(pad, ways) {
  const item = (id) => document.getElementById(id);
  pad.showPictures();
  pad.canvas.addEventListener("click", () => item("file").click());
  pad.canvas.setAttribute("aria-label", "The picture");
  pad.canvas.closest("section").setAttribute("aria-label", "Picture");
  document.documentElement.classList.add("pictures");
  item("ways").textContent = ways;
  item("camera").hidden = !matchMedia("(pointer: coarse)").matches;
  item("camera").addEventListener("click", () => item("shot").click());
}

/** The probabilities of the classes as bars, the answer above them. */

const MOST = 10; // rows: of more classes, the likeliest
const ANNOUNCE_AFTER = 800; // ms without a change until a screen reader gets the answer

export class Bars {
  #names;
  #answer;
  #share;
  #rows;
  #status;
  #isPart; // whether there are more classes than rows
  #timer = 0;

  /** Build the bars in an element, one for each of `classNames`, or for the likeliest of many. */
  constructor(element, classNames) {
    this.#names = classNames;
    this.#answer = make("span", "answer-name");
    this.#share = make("span", "answer-share");
    this.#status = make("p", "visually-hidden");
    this.#status.setAttribute("role", "status");
    this.#rows = classNames.slice(0, MOST).map((name) => {
      const fill = make("span", "bar-fill");
      const row = { item: make("li", "bar"), name: make("span", "bar-name"), fill, share: make("span", "bar-share") };
      row.item.append(row.name, make("span", "bar-track", fill), row.share);
      row.name.textContent = row.name.title = name;
      return row;
    });
    this.#isPart = classNames.length > MOST;
    const answer = make("p", "answer", this.#answer, this.#share);
    answer.setAttribute("aria-hidden", "true"); // the status says it, when the drawing rests
    const longest = Math.max(...classNames.map((name) => name.length));
    element.classList.toggle("words", longest > 2); // too long for large letters
    element.classList.toggle("phrases", longest > 20);
    const rest = make("p", "bars-rest", `The ${MOST} likeliest of ${classNames.length} classes`);
    rest.hidden = !this.#isPart;
    element.replaceChildren(answer, make("ol", "bars", ...this.#rows.map((row) => row.item)), rest, this.#status);
    this.clear();
  }

  /** Show probabilities, an array in the order of the classes. */
  show(probabilities) {
    const best = probabilities.indexOf(Math.max(...probabilities));
    const classes = [...probabilities.keys()];
    if (this.#isPart) classes.sort((a, b) => probabilities[b] - probabilities[a]);
    this.#rows.forEach((row, place) => {
      const index = classes[place];
      row.name.textContent = row.name.title = this.#names[index];
      this.#fill(row, probabilities[index], index === best);
    });
    this.#say(this.#names[best], formatShare(probabilities[best]));
  }

  /** Show that there is nothing to read. */
  clear() {
    for (const row of this.#rows) {
      this.#fill(row, 0, false);
      row.share.textContent = "";
      if (this.#isPart) row.name.textContent = row.name.title = "";
    }
    this.#say("", "");
  }

  #fill(row, share, isBest) {
    row.item.classList.toggle("best", isBest);
    row.fill.style.width = `${100 * share}%`;
    row.share.textContent = formatShare(share);
  }

  #say(name, share) {
    this.#answer.textContent = name || "\u2013";
    this.#share.textContent = share;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#status.textContent = name ? `${name}, ${share}` : "";
    }, ANNOUNCE_AFTER);
  }
}

/** Return a share in [0, 1] in percent; only one that is exactly 1 or 0 is written as 100 or 0. */
export function formatShare(share) {
  const text = (100 * share).toFixed(1);
  if (text === "100.0" && share < 1) return ">99.9 %";
  if (text === "0.0" && share > 0) return "<0.1 %";
  return `${text} %`;
}

/** Return a new element with this class and these children. */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

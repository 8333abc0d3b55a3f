"""A report of small runs that were really trained, and what a browser is asked about it."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import run_main
from tests.small_mnist import write_mnist

HOSTILE = (
    """</style><script>alert(1)</script><img src=x onerror=alert(2)> & [a](http://evil.test) `b` | **c** {{ 7*7 }}"""
)
# Another width is another series of that name; the other seeds are of the first.
SPEC = """\
name: {name}
title: {title}
notes:
  target: {title}
  analysis: {title}
layers: [conv: {width}, {more}maxpool: 4, flatten, fc: 10]
train: {{epochs: 2, batch_size: 50, optimizer: {{sgd: {{lr: 0.1}}}}{rest}}}
targets: {{max_params: 3000, min_test_accuracy: 99}}
reference: {{params: 1234, train_accuracy: 91.25, test_accuracy: 92.75}}
"""
RUNS = (
    ("step2", HOSTILE, 4, "", "", (1, 2, 3)),
    ("step10", "Batch norm", 4, "bn, relu, ", "", (1, 2)),
    ("step10", "Batch norm", 6, "bn, relu, ", "", (1,)),
    ("step11", "Held out", 4, "", ", holdout: 100", (1,)),
)


def train_runs(folder: Path) -> tuple[Path, Path]:
    """Train a few series; return the folder of their runs and that of their data."""
    data, runs = folder / "data", folder / "runs"
    data.mkdir()
    write_mnist(data, 500, 200)
    for number, (name, title, width, more, rest, seeds) in enumerate(RUNS):
        spec = folder / f"{number}.yaml"
        quoted = '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'
        spec.write_text(SPEC.format(name=name, title=quoted, width=width, more=more, rest=rest), encoding="utf-8")
        for seed in seeds:
            assert not run_main("train", spec, "--seed", str(seed), "--data-dir", data, "--runs", runs)
    return runs, data


# Every text that is shown: its contrast with what is behind it (WCAG 2.2, 1.4.3), in [1, 21].
CONTRASTS = """() => {
  const context = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const rgba = color => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const behind = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const box = element.getBoundingClientRect();
    if (!walker.currentNode.data.trim() || !box.width || element.closest("title, .aside, .skip")) continue;
    const style = getComputedStyle(element), back = behind(element);
    const front = over(rgba(element.closest("svg") ? style.fill : style.color), back);
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    found.push([(light + 0.05) / (dark + 0.05), walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found;
}"""

# What a reader with a keyboard or a screen reader would miss, a line each.
BARRIERS = """() => {
  const problems = [], every = selector => [...document.querySelectorAll(selector)];
  const check = (holds, text) => { if (!holds) problems.push(text); };
  check(document.documentElement.lang === "en", "no language");
  check(document.title, "no title");
  check(every("h1").length === 1, "not one h1");
  let level = 0;
  for (const heading of every("h1, h2, h3, h4")) {
    const own = Number(heading.tagName[1]);
    check(own <= level + 1, `${heading.tagName} after h${level}`);
    check(heading.textContent.trim(), "empty heading");
    level = own;
  }
  for (const image of every("img")) check(image.alt, "image without alt");
  for (const svg of every("svg"))
    check(svg.getAttribute("role") === "img" && svg.getAttribute("aria-label"), "SVG without name");
  for (const table of every("table")) {
    check(table.caption?.textContent.trim(), "table without caption");
    check([...table.querySelectorAll("th")].every(cell => cell.scope && cell.textContent.trim()), "th without scope");
    for (const row of table.tBodies[0].rows) check(row.cells[0].tagName === "TH", "row without heading");
    const counts = new Set([...table.rows].map(row => row.cells.length));
    check(counts.size === 1, `rows of ${[...counts]} cells`);
  }
  for (const region of every("[role=region]")) {
    check(region.tabIndex === 0, "region out of the keyboard's reach");
    check(document.getElementById(region.getAttribute("aria-labelledby"))?.textContent.trim(), "region without name");
  }
  const ids = every("[id]").map(element => element.id);
  check(new Set(ids).size === ids.length, "an id twice");
  const links = every("a[href]");
  check(links.length && links.every(a => document.getElementById(a.getAttribute("href").slice(1))), "dead link");
  for (const use of every("use")) check(document.querySelector(use.getAttribute("href")), "dead use");
  check(every("main").length === 1 && every("nav[aria-label]").length === 1, "landmarks");
  return problems;
}"""

# Pictures that are there but cannot be seen.
INVISIBLE = """() => [...document.querySelectorAll("img, svg")].filter(picture => {
  const box = picture.getBoundingClientRect(), isOpen = !picture.closest("details:not([open])");
  const content = picture.tagName === "IMG" ? picture.naturalWidth : picture.getBBox().width;
  return isOpen && !(box.width > 8 && box.height > 8 && content > 0);
}).length"""

# A table's cells by its caption.
TABLE = """key => [...document.querySelector(`#${key}-caption`).closest("table").tBodies[0].rows]
  .map(row => [...row.cells].map(cell => cell.textContent.trim()))"""

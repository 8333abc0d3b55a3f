"""The pages show what the program prints: their outputs are made by the commands that they name, their specs are valid.

``pytest tests/docs --regenerate`` writes the outputs anew.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from mnistspec import load_spec
from tests.benchmarks.report import BLOCK, SPEED, describe_machine, to_markdown
from tests.benchmarks.rows import ROWS, Measurement
from tests.docs.commands import list_commands
from tests.docs.pages import GENERATED, HOME, PAGES, README, anchors, generate, links, read_blocks, run
from tests.docs.rooms import list_rooms, name_room
from tests.places import PACKAGE, ROOT, SPECS

DOCS = ROOT / "docs"
MISTAKES = ROOT / "tests" / "docs" / "mistakes.yaml"
LARGEST_README = 9_000
GENERATED_PAGES = [page for page in PAGES if GENERATED.search(page.read_text(encoding="utf-8"))]
STUMBLES = re.compile("gone on|go on with|is told|so many", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("page", GENERATED_PAGES, ids=name_of)
def test_outputs_are_what_the_program_prints(page: Path, regenerate: bool, tmp_path: Path) -> None:
    (tmp_path / "quick.yaml").write_text(read_blocks(README, "yaml")[0], encoding="utf-8")
    shutil.copy(MISTAKES, tmp_path)
    text = page.read_text(encoding="utf-8")
    fresh = GENERATED.sub(lambda match: generate(match, tmp_path), text)
    if regenerate:
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh


def test_the_pages_show_outputs() -> None:
    """The marks are found: a change to them would otherwise leave nothing to compare."""
    shown = {match["command"] for page in PAGES for match in GENERATED.finditer(page.read_text(encoding="utf-8"))}
    assert {"mnistspec build quick.yaml --summary", "mnistspec validate mistakes.yaml"} <= shown
    assert {f"python -m tests.docs.{name}" for name in ("commands", "errors", "results", "rooms")} <= shown


@pytest.mark.parametrize(("page", "count"), [(README, 1), (DOCS / "spec.md", 1)], ids=["README", "spec"])
def test_specs_are_valid(page: Path, count: int, tmp_path: Path) -> None:
    specs = [block for block in read_blocks(page, "yaml") if "layers:" in block and "extends" not in block]
    assert len(specs) >= count
    for index, text in enumerate(specs):
        path = tmp_path / f"spec{index}.yaml"
        path.write_text(text, encoding="utf-8")
        assert load_spec(path).layers


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Those of the README are absolute, for a package index; they and the others lead to files and headings here."""
    for link in links(page):
        inside = re.sub(rf"^{HOME}/(blob|tree|raw)/main/", "/", link)
        if page == README:
            assert inside != link, "a package index knows no relative links"
        if not inside.startswith("https://"):
            target, _, anchor = inside.partition("#")
            path = ROOT / target[1:] if target.startswith("/") else page.parent / target if target else page
            assert path.exists(), link
            assert not anchor or anchor in anchors(path), link


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {link.partition("#")[0].removeprefix(f"{HOME}/blob/main/") for link in links(README)}
    assert {page.relative_to(ROOT).as_posix() for page in PAGES if page != README} <= linked


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= LARGEST_README


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_reader_stumbles(page: Path) -> None:
    """Phrases that readers stumbled over stay away, also from what the program prints."""
    assert not STUMBLES.findall(page.read_text(encoding="utf-8"))


def test_every_command_and_every_room_has_its_lines() -> None:
    commands = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert list_commands()
    for name in list_commands():
        assert f"\n### {name}\n" in commands, name
    architecture = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert {path.parent for path in PACKAGE.rglob("*/__init__.py")} <= {*list_rooms()}
    for room in list_rooms():
        assert f"| `{name_room(room)}` |" in architecture, room


def test_the_speed_table_is_that_of_the_benchmark() -> None:
    """What can be checked without measuring: date, machine and versions, and each row with its limits."""
    (block,) = BLOCK.findall(SPEED.read_text(encoding="utf-8"))
    assert re.match(r"\n\d{4}-\d\d-\d\d, .+ cores?, .+torch [\d.]+", block)
    lines = [line.split("|")[1:4] for line in block.splitlines() if line.startswith("| ")]
    expected = to_markdown([Measurement(row) for row in ROWS], describe_machine(), 0)
    assert lines == [line.split("|")[1:4] for line in expected.splitlines() if line.startswith("| ")]


def test_results_are_of_the_specs_that_ship() -> None:
    table = run("mnistspec compare docs/results --markdown --sort params", ROOT)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")]
    assert {f"step{step}" for step in range(7)} <= {row[0] for row in rows}
    for name, params, _macs, _field, _seeds, last, _min, _max, best, *_rest in rows[2:]:
        assert f"{load_spec(SPECS / f'{name}.yaml').params:,}" == params
        assert 97 < float(last.split()[0]) <= float(best.split()[0]) < 100


def test_promises_are_those_that_tests_keep() -> None:
    """Each number of docs/promises.md is named by a test's docstring, and no test names another."""
    promised = re.findall(r"^\| (\d+) \|", (DOCS / "promises.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert promised == [str(number) for number in range(1, 18)]
    kept: set[int] = set()
    for path in (ROOT / "tests" / "robustness").glob("test_*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for first, link, last in re.findall(r"^Promises? (\d+)(?: (to|and) (\d+))?:", docstring):
            kept |= {*range(int(first), int(last) + 1)} if link == "to" else {int(first), int(last or first)}
    assert kept == {*map(int, promised)}

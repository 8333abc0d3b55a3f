"""Mutation testing by hand: one small change at a time to a copy of the package, and whether its tests notice.

    python -m tests.mutation mnistspec/language/shapes.py mnistspec/analysis/significance.py --sample 40
    python -m tests.mutation mnistspec/training --minutes 30 --seed 1
    python -m tests.mutation mnistspec/network/code.py --tests tests/network/test_code.py

A mutant is killed if a test fails or never ends, and survives otherwise: then a test is missing, or the change makes no
difference (``max(1, n)`` for an ``n`` that is never 0). Mutants run one after the other, in processes forked from one
that has imported torch. The tests that import the file run first, and before them those that killed its last mutant.
The working tree stays as it is: its files that git does not ignore are copied to a temporary folder. Exit code 1 if a
mutant survived.

These survive and make no difference: two arguments that mean the same in either order (the cost of an alignment, the
number of differences); a table of sums that is a row larger; another start of a maximum, below all values; ``<=`` for
``<`` between floats that are never equal; a side of a square map for the other; one of several private characters; a
level of compression; a copy more than is needed; whatever runs on CUDA, MPS or Windows only, where the tests do not.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import islice, takewhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The tests that hold a folder of the package, quickest first; the longest prefix of a file's path counts.
EVERYWHERE = ("tests/test_records.py",)  # quick, and about the code of every folder
ROOMS = {
    "mnistspec/language": (
        "tests/language",
        "tests/network/test_builder.py",
        "tests/network/test_receptive_field.py",
        "tests/network/test_summary.py",
        "tests/network/test_inspection.py",
        "tests/cli/commands/test_language.py",
        "tests/test_notebooks.py",
    ),
    "mnistspec/network": (
        "tests/network",
        "tests/views/terminal",
        "tests/cli/commands/test_code.py",
        "tests/test_public_api.py",
        "tests/test_notebooks.py",
    ),
    "mnistspec/formats": ("tests/formats",),
    "mnistspec/data": ("tests/data", "tests/formats"),
    "mnistspec/training": ("tests/training", "tests/test_public_api.py", "tests/test_notebooks.py"),
    "mnistspec/runs": (
        "tests/runs",
        "tests/robustness/test_old_runs.py",
        "tests/robustness/test_corruption.py",
        "tests/robustness/test_not_finite.py",
        "tests/robustness/test_resume.py",
        "tests/robustness/test_refusals.py",
        "tests/robustness/test_hostile_folders.py",
        "tests/cli/test_runs.py",
        "tests/test_notebooks.py",
    ),
    "mnistspec/sweeps": (
        "tests/sweeps",
        "tests/cli/commands/test_sweep.py",
        "tests/cli/commands/test_sweep_cluster.py",
    ),
    "mnistspec/analysis": ("tests/analysis", "tests/views/report", "tests/cli/commands/test_report.py"),
    "mnistspec/export": ("tests/cli/commands/test_export.py",),
    "mnistspec/pages": ("tests/pages",),
    "mnistspec/views": ("tests/views",),
    "mnistspec/cli": ("tests/cli",),
    "mnistspec": ("tests",),
}
WARM = (
    "torch", "torch._dynamo", "torchvision", "torchinfo", "pydantic", "typer", "rich", "pytest", "jinja2",
    "matplotlib.figure", "matplotlib.backends.backend_agg", "PIL.Image", "safetensors.torch",
)  # fmt: skip
PATIENCE = 4  # times what the tests take without a change; a mutant whose tests never end is killed, too
LONGEST = 60  # seconds of one test

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
_PARTNERS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor", "sin": "cos",
             "cos": "sin"}  # fmt: skip
_REMOVED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)

Change = Callable[[], None]


@dataclass(frozen=True)
class Mutant:
    """A file of the package with one change: its text, the line of the change, and the lines that differ."""

    file: str
    line: int
    text: str
    difference: str


def find_changes(tree: ast.AST) -> Iterator[tuple[int, Change]]:
    """Yield line and change, which is made in place, for all that can be changed; always in the same order.

    ``zip(strict=True)`` stays: it guards against what does not happen.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    guards = [word for call in calls if ast.unparse(call.func) == "zip" for word in call.keywords]
    for parent in ast.walk(tree):
        if parent in guards:
            continue
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                for index, node in enumerate(value):
                    yield from _changes_of(node, lambda new, v=value, i=index: v.__setitem__(i, new))  # type: ignore[misc]
            elif isinstance(value, ast.AST):
                yield from _changes_of(value, lambda new, p=parent, n=name: setattr(p, n, new))  # type: ignore[misc]


def _changes_of(node: object, put: Callable[[ast.AST], None]) -> Iterator[tuple[int, Change]]:
    """Yield the changes of one node itself; ``put`` puts another into its place."""
    line = getattr(getattr(node, "target", node), "lineno", 0)  # a part of a comprehension has its target's
    for changes in (_operators, _values, _calls, _statements):
        for change in changes(node, put):
            yield line, change


def _operators(node: object, put: Callable[[ast.AST], None]) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator, *_]):
            yield lambda: node.ops.__setitem__(0, _SWAPPED[type(operator)]())  # type: ignore[call-overload]
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign() if type(node.op) in _SWAPPED:
            yield lambda: setattr(node, "op", _SWAPPED[type(node.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield lambda: put(operand)


def _values(node: object, put: Callable[[ast.AST], None]) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool() as truth):
            yield lambda: put(ast.Constant(not truth))
        case ast.Constant(value=int() | float() as number):
            yield lambda: put(ast.Constant(number + 1))
            yield lambda: put(ast.Constant(number - 1))
        case ast.Return(value=ast.expr()) if ast.unparse(node) != "return None":
            yield lambda: setattr(node, "value", ast.Constant(None))


def _calls(node: object, put: Callable[[ast.AST], None]) -> Iterator[Change]:  # noqa: ARG001 - changes in place
    match node:
        case ast.Call(func=ast.Name(id=name) as called) if name in _PARTNERS:
            yield lambda: setattr(called, "id", _PARTNERS[name])
        case ast.Call(func=ast.Attribute(attr=name) as called) if name in _PARTNERS:
            yield lambda: setattr(called, "attr", _PARTNERS[name])
    if isinstance(node, ast.Call) and len(node.args) > 1 and ast.unparse(node.func) not in {"min", "max"}:
        yield lambda: node.args.__setitem__(slice(2), node.args[1::-1])


def _statements(node: object, put: Callable[[ast.AST], None]) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.IfExp | ast.While) and ast.unparse(node.test) != "TYPE_CHECKING":
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, _REMOVED) and not is_docstring:
        yield lambda: put(ast.Pass())
    if isinstance(node, ast.comprehension) and node.ifs:
        yield node.ifs.clear


def draw_mutants(path: Path, file: str, count: int, seed: int) -> list[Mutant]:
    """Return ``count`` mutants of a file, or all if it has fewer; it is called ``file`` in the report."""
    source = path.read_text(encoding="utf-8")
    places = sum(1 for _ in find_changes(ast.parse(source)))
    drawn = random.Random(seed).sample(range(places), places)  # noqa: S311 - no secret
    mutants = (_make_mutant(source, file, place) for place in drawn)
    return sorted(islice(filter(None, mutants), count), key=lambda mutant: mutant.line)


def _make_mutant(source: str, file: str, place: int) -> Mutant | None:
    """Return a mutant; None if the text stays the same."""
    tree = ast.parse(source)
    before = ast.unparse(tree)
    line, change = next(islice(find_changes(tree), place, None))
    change()
    after = ast.unparse(ast.fix_missing_locations(tree))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    changed = [(text[0], text[1:].strip()) for text in list(lines)[3:]]
    columns = zip(*(text for _, text in changed), strict=False)
    alike = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    begin = max(0, alike - 75) if len(changed) > 1 else 0  # of long lines what is around the change
    told = [f"    {sign} {text[begin : begin + 150]}" for sign, text in changed]
    return Mutant(file, line, after, "\n".join(told)) if told else None


def tests_of(file: str) -> tuple[str, ...]:
    """Return the tests that hold a file of the package."""
    return EVERYWHERE + ROOMS[max((room for room in ROOMS if file.startswith(room)), key=len)]


def tests_near(file: str, tests: Iterable[str]) -> list[str]:
    """Return those of the tests, one by one, that import a file of the package themselves."""
    module = file.removesuffix(".py").replace("/", ".")
    found = (path for test in tests for path in [ROOT / test, *sorted((ROOT / test).rglob("test_*.py"))])
    return [str(p.relative_to(ROOT)) for p in found if p.is_file() and f"{module} import" in p.read_text("utf-8")]


def copy_checkout(folder: Path) -> None:
    """Copy all files of the working tree that git does not ignore."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run_tests(folder: Path, tests: Iterable[str], seconds: float) -> int | None:
    """Run tests in a copy of the checkout, in a forked process; return the exit code, None if they never ended."""
    child = os.fork()
    if not child:
        os.setsid()
        _become_pytest(folder, tests)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _become_pytest(folder: Path, tests: Iterable[str]) -> None:
    """Run pytest in this process, which ends with its exit code."""
    code = 3
    try:
        silence = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(folder)
        sys.path[0] = str(folder)
        for name in [name for name in sys.modules if name.split(".")[0] in {"tests", "mnistspec"}]:
            del sys.modules[name]
        options = ["-x", "-n0", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=first"]
        options.append(f"--timeout={LONGEST}")
        code = int(import_module("pytest").main([*options, *tests]))
    except BaseException:  # noqa: BLE001 - reported in the output, as a test's own failure is
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> int:
    """Make a sample of mutants and report on each; return 1 if one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=Path, help="files or folders of the package")
    parser.add_argument("--sample", type=int, default=40, help="mutants a file, at most (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="draws the sample (default: 0)")
    parser.add_argument("--minutes", type=float, default=60, help="begin no mutant after this time (default: 60)")
    parser.add_argument("--tests", nargs="+", default=(), help="tests to run instead of those of the room")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in WARM:
        import_module(name)
    files = sorted({f for path in options.paths for f in (path.rglob("*.py") if path.is_dir() else [path])})
    survived = tested = 0
    limits: dict[tuple[str, ...], float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_checkout(folder)
        for file in (str(path.resolve().relative_to(ROOT)) for path in files):
            tests = tuple(options.tests) or tests_of(file)
            if tests not in limits:
                begin = time.monotonic()
                if code := run_tests(folder, tests, float("inf")):
                    last = _read_output(folder)[-2000:]
                    sys.exit(f"{file}: its tests do not pass without a change (exit code {code}):\n{last}")
                limits[tests] = 60 + PATIENCE * (time.monotonic() - begin)
            # The compiled tests are kept from the run without a change; a mutant is never compiled to a file.
            sys.dont_write_bytecode, os.environ["PYTHONDONTWRITEBYTECODE"] = True, "1"
            original = (folder / file).read_bytes()
            first = tests_near(file, tests)
            for mutant in draw_mutants(folder / file, file, options.sample, options.seed):
                if time.monotonic() > end:
                    break
                (folder / file).write_text(mutant.text, encoding="utf-8")
                code = run_tests(folder, [*first, *tests], limits[tests])
                if code and (failed := re.search(r"^(?:FAILED|ERROR) ([^:\s]+)", _read_output(folder), re.MULTILINE)):
                    first = list(dict.fromkeys([failed[1], *first]))
                word = {0: "SURVIVED", None: "killed (time)"}.get(code, "killed")
                survived, tested = survived + (code == 0), tested + 1
                sys.stdout.write(f"{word} {mutant.file}:{mutant.line}\n{mutant.difference}\n")
                sys.stdout.flush()
            (folder / file).write_bytes(original)
    sys.stdout.write(f"{tested - survived} of {tested} killed\n")
    return int(survived > 0)


def _read_output(folder: Path) -> str:
    return (folder / "output.txt").read_text(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())

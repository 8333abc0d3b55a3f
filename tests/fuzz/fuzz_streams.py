"""Fuzzing of streams and locales: every command, with odd titles and names, into streams of every encoding and fate.

Run it from the repository's root for ten minutes, or with another seed:

    python -m tests.fuzz.fuzz_streams --seconds 600 --seed 1
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.cli.test_streams import CALLS, ENCODINGS, draw_one
from tests.fuzz.fuzz_folders import call
from tests.fuzz.loop import main, repeat
from tests.places import ROOT
from tests.small_mnist import write_mnist

SECONDS = 120  # for one command, on a busy machine
TEXTS = (
    "a", " ", "é", "±", "→ “x” …", "测试", "💡", "e\u0301", "\u202e\u2066", "\u200b\ufeff", "\x1b[31m", "\x9b1m\x07",
    "\u2028", "\ud800", "\x00", "\x7f", "\t", "\\xyy", "\\N{", "\\", '"', "'", "%s", "{}", "[bold]", "[/]", "|", "`",
    "<b>&amp;", "-" * 81,
)  # fmt: skip
NAMES = ("s", "é", "测", "💡", " ", "\udcff\udcfe", "-", "[b]", "\u202e", "\n", "%", "'")
ENVIRONMENT = {
    "PYTHONIOENCODING": (*ENCODINGS, "ascii:strict", "utf-16", "cp037", "utf-8:surrogateescape", ":backslashreplace"),
    "LC_ALL": ("C", "POSIX", "C.UTF-8", "de_DE.ISO-8859-1", "nonsense"),
    "PYTHONUTF8": ("0", "1"),
    "PYTHONCOERCECLOCALE": ("0",),
    "COLUMNS": ("0", "1", "40", "200", "x", "-3"),
    "NO_COLOR": ("1",),
    "FORCE_COLOR": ("1",),
    "TERM": ("dumb", "", "xterm-256color", "nonsense"),
    "PYTHONUNBUFFERED": ("1",),
}
# How the shell may treat a stream; "" leaves it to a file, "tty" to a terminal.
OUTPUTS = ("", "", "", "tty", "tty", ">&-", ">/dev/full", "| head -c 0", "| head -c 200", "<&-", "| cat")
ERRORS = ("", "", "", "2>&-", "2>/dev/full", "2>&1")


class Bench(NamedTuple):
    """What the commands take: a folder with data, and the folders of runs with odd titles."""

    data: Path
    runs: list[Path]


def write_spec(path: Path, chance: random.Random) -> None:
    """Write a spec with odd texts; as JSON, whose strings can hold all of them."""
    title, note = ("".join(chance.choices(TEXTS, k=chance.randint(0, 4))) for _ in range(2))
    spec = {
        "title": title,
        "notes": {"target": note},
        "layers": [{"conv": 2}, "relu", "gap", {"fc": 10}],
        "train": {"epochs": 1, "batch_size": 32},
    }
    if chance.random() < 0.1:
        spec[note] = title
    text = json.dumps(spec, ensure_ascii=chance.random() < 0.7)
    path.write_text(text, encoding="utf-8", errors=chance.choice(("surrogatepass", "replace")))


def make_bench(place: Path) -> Bench:
    """Train a few runs, of which most have odd titles that the language permits."""
    data = place / "data"
    data.mkdir()
    write_mnist(data, 96, 20)
    chance = random.Random(0)  # noqa: S311 - texts
    for _ in range(12):
        write_spec(place / "s.yaml", chance)
        call("train", place / "s.yaml", "--data-dir", data, "--runs", place / "runs")
    return Bench(data, sorted(path.parent for path in (place / "runs").rglob("result.json")))


def choose_call(bench: Bench, folder: Path, chance: random.Random) -> list[str]:
    """Return a command whose files have odd names; those that it reads are there."""
    name = chance.choice(list(CALLS))
    places = {"RUN": str(chance.choice(bench.runs)), "DATA": str(bench.data)}
    words = []
    for word in CALLS[name]:
        path = Path(word)
        if path.suffix and not path.is_absolute() and chance.random() < 0.7:
            path = Path("".join(chance.choices(NAMES, k=chance.randint(1, 4))) + path.suffix)
        if path.suffix == ".yaml" and not path.is_absolute():
            write_spec(folder / path, chance)
        elif word == "i.png":
            draw_one(folder / path)
        words.append(places.get(word, str(path)))
    return [name, *words]


def execute(arguments: list[str], redirection: str, folder: Path, environment: dict[str, str]) -> tuple[int, bytes]:
    """Run the program by the shell; return its exit code, and what came to stdout and to stderr."""
    line = f'timeout {SECONDS} "$@" {redirection.replace("tty", "")}; exit ${{PIPESTATUS[0]}}'
    near, far = pty.openpty() if "tty" in redirection else os.pipe()
    with (folder / "errors").open("w+b") as errors:
        command = ["/bin/bash", "-c", line, "bash", sys.executable, "-m", "mnistspec", *arguments]
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=far, stderr=errors
        )
        os.close(far)
        out = b""
        with contextlib.suppress(OSError):  # it is how a terminal ends
            while part := os.read(near, 65_536):
                out += part
        os.close(near)
        code = process.wait()
        errors.seek(0)
        return code, out + errors.read()


def try_once(bench: Bench, seed: str) -> None:
    """Run a command once; raise what is no answer."""
    chance = random.Random(seed)  # noqa: S311 - what to try
    with tempfile.TemporaryDirectory(dir=bench.data.parent) as place:
        arguments = choose_call(bench, Path(place), chance)
        more = {key: chance.choice(values) for key, values in ENVIRONMENT.items() if chance.random() < 0.4}
        redirection = f"{chance.choice(ERRORS)} {chance.choice(OUTPUTS)}"
        environment = {"PATH": os.environ["PATH"], "HOME": place, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        code, written = execute(arguments, redirection, Path(place), environment | more)
        encoding = more.get("PYTHONIOENCODING", "").partition(":")[0]
        text = written.replace(b"\0", b"").decode("ascii", "replace") + written.decode(encoding or "ascii", "replace")
        try:
            assert code in range(5), code
            assert "Traceback" not in text and "Exception ignored" not in text, text  # noqa: PT018 - one sign or the other
            assert code < 2 or text or "2>" in redirection, "an error without a sentence"
            if "tty" not in redirection and "FORCE_COLOR" not in more:
                assert "\x1b" not in text, text
        except AssertionError as error:
            error.add_note(f"mnistspec {arguments} {redirection}, where {more}")
            raise


def fuzz(seconds: float, seed: int) -> int:
    """Try commands for some seconds; return their number. Raises what no command should."""
    with tempfile.TemporaryDirectory() as place:
        return repeat(partial(try_once, make_bench(Path(place))), seconds, seed)


if __name__ == "__main__":
    main(fuzz, __doc__)

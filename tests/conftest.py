"""What all tests share.

``pytest --regenerate`` writes golden files anew; ``pytest --hypothesis-profile=long`` draws more examples, and others
in every run (tests/profiles.py); ``python -m tests.mutation`` looks for changes of the package that no test notices.
"""

from __future__ import annotations

import os

# One thread a process: the tests run on all cores already, and OpenMP threads wait badly for one another on busy cores.
# Processes that tests start inherit it. torch reads it when it is imported, so it stands before everything.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, Outcome, run_main
from tests.needs import missing_extras
from tests.profiles import register_profiles
from tests.small_mnist import write_mnist

if TYPE_CHECKING:
    from pathlib import Path


register_profiles()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that renews the golden files."""
    parser.addoption("--regenerate", action="store_true", help="write the golden files anew")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which extras were missing, whose tests were skipped."""
    if missing := missing_extras():
        terminalreporter.write_line(
            f"Skipped what needs the extras {', '.join(missing)}: pip install -e '.[dev]' brings all."
        )


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 1,000 training and 200 test images of MNIST as IDX files."""
    return write_mnist(tmp_path_factory.mktemp("mnist"), 1000, 200)


@pytest.fixture
def regenerate(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--regenerate"))


@pytest.fixture
def mnistspec(capfd: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = run_main(*arguments)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return run

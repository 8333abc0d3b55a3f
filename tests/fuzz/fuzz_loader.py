"""Coverage-guided fuzzing of the loader: whatever the bytes, nothing but our own error may come out.

It needs the extra [fuzz]. Run it from the repository's root for an hour, with the specs that are there as seeds:

    mkdir -p found && cp specs/*.yaml tests/corpus/*/*.yaml found
    python -m tests.fuzz.fuzz_loader -max_total_time=3600 -max_len=8192 -timeout=5 found
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mnistspec", "yaml"]):
    from mnistspec.errors import MnistspecError
    from mnistspec.language.loader import load_document


def main() -> None:
    """Fuzz until libFuzzer's limits, given on the command line, are reached."""
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "spec.yaml", Path(folder) / "resolved.yaml"

        def try_bytes(data: bytes) -> None:
            path.write_bytes(data)
            try:
                document = load_document(path)
            except MnistspecError:
                return
            copy.write_text(document.spec.as_yaml(), encoding="utf-8")
            if load_document(copy, extends=False).spec != document.spec:
                raise AssertionError("dumped and loaded again it is another spec")

        atheris.Setup(sys.argv, try_bytes)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

"""``mnistspec show``."""

from __future__ import annotations

from mnistspec.cli.console import print_json, print_result
from mnistspec.cli.options import Json, Settings, SpecFile
from mnistspec.cli.registration import Panel, command


@command(
    Panel.WRITE,
    2,
    "Print a spec in full: every default filled in, `extends` and groups written out.",
    example="mnistspec show specs/step4.yaml",
)
def show(spec: SpecFile, settings: Settings = None, as_json: Json = False) -> None:
    from mnistspec.language.loader import load_spec

    resolved = load_spec(spec, settings or ())
    if as_json:
        print_json(resolved.as_data())
    else:
        print_result(resolved.as_yaml().rstrip("\n"))

"""``mnistspec show``."""

from __future__ import annotations

from mnistspec.cli.console import print_json, print_result, print_warnings
from mnistspec.cli.options import Json, Settings, SpecFile, StrictTargets
from mnistspec.cli.registration import Panel, command


@command(
    Panel.WRITE,
    2,
    "Print a spec in full: every default filled in, `extends` and groups written out.",
    example="mnistspec show specs/step4.yaml",
)
def show(
    spec: SpecFile, settings: Settings = None, strict_targets: StrictTargets = False, as_json: Json = False
) -> None:
    from mnistspec.language.loader import load_document

    document = load_document(spec, settings or (), strict_targets=strict_targets)
    print_warnings(document.warnings)
    if as_json:
        print_json(document.spec.as_data())
    else:
        print_result(document.spec.as_yaml().rstrip("\n"))

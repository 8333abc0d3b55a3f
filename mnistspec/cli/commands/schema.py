"""``mnistspec schema``."""

from __future__ import annotations

from mnistspec.cli.console import print_json
from mnistspec.cli.registration import Panel, command


@command(
    Panel.WRITE,
    3,
    "Print the JSON Schema of a spec, for completion and help in editors.\n\n"
    'A spec whose first line is "# yaml-language-server: $schema=spec.schema.json" is then checked as it is typed.',
    example="mnistspec schema > spec.schema.json",
)
def schema() -> None:
    from mnistspec.language.manual.json_schema import make_schema

    print_json(make_schema())

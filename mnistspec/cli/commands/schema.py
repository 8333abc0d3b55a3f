"""``mnistspec schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from mnistspec.cli.console import print_json, print_written
from mnistspec.cli.options import output_option
from mnistspec.cli.registration import Panel, command


@command(
    Panel.WRITE,
    3,
    "Write the JSON Schema of a spec, for completion and help in editors.\n\n"
    'A spec whose first line is "# yaml-language-server: $schema=spec.schema.json" is then checked as it is typed.',
    example="mnistspec schema -o spec.schema.json",
)
def schema(output: Annotated[Path | None, output_option(".json", default="stdout")] = None) -> None:
    from mnistspec.files import write_text
    from mnistspec.language.manual.json_schema import make_schema

    if output is None:
        print_json(make_schema())
    else:
        write_text(output, json.dumps(make_schema(), indent=2) + "\n")
        print_written("schema", output)

"""``mnistspec schema``."""

from __future__ import annotations

from mnistspec.cli.console import print_json


def schema() -> None:
    """Print the JSON Schema of a spec, for completion and help in editors.

    Example: mnistspec schema > spec.schema.json

    A spec that begins with "# yaml-language-server: $schema=spec.schema.json" is then checked as it is typed.
    """
    from mnistspec.language.manual.json_schema import make_schema

    print_json(make_schema())

"""``mnistspec show``."""

from __future__ import annotations

from mnistspec.cli.console import print_json, print_result
from mnistspec.cli.options import Json, Settings, SpecFile


def show(spec: SpecFile, settings: Settings = None, as_json: Json = False) -> None:
    """Print a spec as it is understood: every default filled in, what it extends and its groups written out.

    Example: mnistspec show specs/step4.yaml
    """
    from mnistspec.language.loader import load_spec

    resolved = load_spec(spec, settings or ())
    if as_json:
        print_json(resolved.as_data())
    else:
        print_result(resolved.as_yaml().rstrip("\n"))

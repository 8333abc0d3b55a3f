"""The specs that ship with mnistspec: in a checkout the folder specs/, in an installed package a copy of it."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
_INSTALLED, _CHECKOUT = _PACKAGE / "specs", _PACKAGE.parent / "specs"
_SCHEMA = "spec.schema.json"


def list_shipped() -> dict[str, Path]:
    """Return the files of the specs that ship, by name."""
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


def refer_to_schema(spec: Path) -> str:
    """Return the line that tells editors where the JSON Schema of this spec is.

    It is relative within a checkout; elsewhere it names the file that was installed, which works without a network.
    """
    schema = (_folder() / _SCHEMA).resolve()
    folder = spec.resolve().parent
    if _folder() == _CHECKOUT and folder.is_relative_to(_CHECKOUT.parent):
        where = Path(os.path.relpath(schema, folder)).as_posix()
    else:
        where = schema.as_uri()
    return f"# yaml-language-server: $schema={where}"


def _folder() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT

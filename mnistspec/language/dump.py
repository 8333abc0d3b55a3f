"""A spec's plain data as YAML text in the spec language; loading it gives an equal spec."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from mnistspec.language.yaml.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes what the strict reader reads: YAML 1.2 scalars, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002, ANN401 - PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as above
        super().increase_indent(flow, False)


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    # PyYAML leaves unquoted what YAML 1.1 takes for text, such as 1e-3.
    style = "'" if not isinstance(resolve(text), str) else None
    if not text.replace("\n", "").isprintable():
        style = '"'  # PyYAML would write some line breaks as they are, and YAML reads them as "\n"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_number(dumper: _Dumper, number: float) -> yaml.Node:
    text = repr(number)
    if "e" in text and "." not in text:  # PyYAML would put a tag before 1e-05
        text = text.replace("e", ".0e")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_number)
_Dumper.add_representer(tuple, yaml.SafeDumper.represent_list)
_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


def dump_data(data: Mapping[str, Any]) -> str:
    """Return a spec's plain data as YAML: one block a line."""
    train = {
        **data["train"],
        **{key: _one_line(data["train"][key]) for key in ("optimizer", "scheduler")},
        "augment": [_one_line(augmentation) for augmentation in data["train"]["augment"]],
    }
    shown = {
        **data,
        "data": _one_line(data["data"]),
        "layers": [_one_line(layer) for layer in data["layers"]],
        "train": train,
    }
    return yaml.dump(shown, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


def _one_line(unit: str | dict[str, Any]) -> str | dict[str, Any]:
    return unit if isinstance(unit, str) else {word: _Flow(arguments) for word, arguments in unit.items()}


def write_entry(key: str, value: Any) -> str:  # noqa: ANN401 - whatever a spec can hold
    """Return an entry of a spec on one line, such as ``data: {folder: leaves}``, as the reader takes it."""
    shown = _Flow(value) if isinstance(value, dict) else value
    return yaml.dump({key: shown}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000).rstrip("\n")


def write_value(value: Any, digits: int | None = None) -> str:  # noqa: ANN401 - whatever a spec can hold
    """Return a value as YAML on one line; numbers are exact, or have at most ``digits`` digits."""
    match value:
        case list() | tuple():
            text = f"[{', '.join(write_value(item, digits) for item in value)}]"
        case dict():
            text = f"{{{', '.join(f'{key}: {write_value(item, digits)}' for key, item in value.items())}}}"
        case float() if digits is not None:
            text = f"{value:.{digits}g}"
        case bool() | None:
            text = json.dumps(value)
        case _:
            text = str(value)
    return text

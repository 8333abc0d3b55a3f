"""Plain scalars by YAML 1.2's core schema (YAML 1.2.2, section 10.3.2); PyYAML's own rules are YAML 1.1's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mnistspec.wording import quote

if TYPE_CHECKING:
    from mnistspec.language.yaml.tree import Value

MAX_DIGITS = 100

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+)")


def resolve(text: str) -> Value:
    """Return the value of a plain scalar; a number of more than MAX_DIGITS characters stays text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) <= MAX_DIGITS:
        if _INT.fullmatch(text):
            return int(text)
        if _OTHER_BASE.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text)
    return float(text.replace(".", "")) if _SPECIAL.fullmatch(text) else text


def ambiguity(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a plain scalar that readers of YAML would read differently, and what to do."""
    if len(text) > MAX_DIGITS:
        is_number = _FLOAT.fullmatch(text) or _OTHER_BASE.fullmatch(text)
        problem = f"a number may have {MAX_DIGITS} digits; this one has {len(text):,}"
        return (problem, "write it shorter, or in quotes if it is text") if is_number else None
    if match := _LEADING_ZERO.fullmatch(text):
        problem = f"{quote(text)} is octal to some readers of YAML and decimal to others"
        return problem, f'write {match[1]}{match[2]}, or "{text}" if it is text'
    return None

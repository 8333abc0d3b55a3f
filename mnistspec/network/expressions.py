"""Python expressions as text, broken into lines as Python's formatters do it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WIDTH = 88  # of the formatters' own default
_INDENT = 4


@dataclass(frozen=True)
class Call:
    """Something with arguments in brackets; without a name it is a list or a tuple."""

    name: str
    arguments: tuple[Expression, ...]
    brackets: str = "()"

    def __str__(self) -> str:
        return f"{self.name}{self.brackets[0]}{', '.join(map(str, self.arguments))}{self.brackets[1]}"


Expression: TypeAlias = Call | str


class Symbol(int):
    """A whole number that is known by its name in the code; products stay products."""

    text: str

    def __new__(cls, value: int, text: str) -> Symbol:  # noqa: PYI034 - a product is a Symbol too, whatever the class
        """Return a symbol that calculates as the value and is written as the text."""
        symbol = super().__new__(cls, value)
        symbol.text = text
        return symbol

    def __repr__(self) -> str:
        return self.text

    def __rmul__(self, other: int) -> Symbol:
        return Symbol(other * int(self), f"{other!r} * {self.text}")

    def __mul__(self, other: int) -> Symbol:
        return Symbol(int(self) * other, f"{self.text} * {other!r}")

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:  # noqa: ANN401 - object's own
        return Symbol, (int(self), self.text)


def render(expression: Expression, indent: int, before: str = "", after: str = "") -> str:
    """Return lines of code: ``before``, the expression and ``after``; what does not fit in a line is broken.

    Arguments stand on one line between the brackets if they fit there, else each on its own.
    """
    pad = " " * indent
    line = f"{pad}{before}{expression}{after}"
    if len(line) <= WIDTH or isinstance(expression, str) or not expression.arguments:
        return line
    opening = f"{pad}{before}{expression.name}{expression.brackets[0]}"
    closing = f"{pad}{expression.brackets[1]}{after}"
    inner = f"{pad}{' ' * _INDENT}{', '.join(map(str, expression.arguments))}"
    if len(inner) <= WIDTH:
        return f"{opening}\n{inner}\n{closing}"
    return "\n".join([opening, *(render(item, indent + _INDENT, after=",") for item in expression.arguments), closing])


def write_call(
    name: str, function: Callable[..., Any], arguments: Mapping[str, Any], *first: str, by_name: bool = False
) -> Call:
    """Return a call of a function, without arguments that are at its defaults; a Symbol is written in any case.

    Those that it must be given are written without their names, unless ``by_name``; ``first`` come before all others.
    """
    written: list[Expression] = list(first)
    for key, parameter in inspect.signature(function).parameters.items():
        value = arguments.get(key, parameter.default)
        if value == parameter.default and not isinstance(value, Symbol):
            continue
        needed = parameter.default is inspect.Parameter.empty
        written.append(write_value(value, "" if needed and not by_name else f"{key}="))
    return Call(name, tuple(written))


def write_value(value: Any, before: str = "") -> Expression:  # noqa: ANN401 - whatever an argument can be
    """Return a value as an expression, after ``name=`` if that is given."""
    if isinstance(value, list | tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        return Call(before, tuple(write_value(item) for item in value), brackets)
    return f'{before}"{value}"' if isinstance(value, str) else f"{before}{value!r}"

"""Wrong calls: the messages of the library that reads arguments, in the form of all others: where, what, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from mnistspec.wording import did_you_mean, printable, quote, suggest

if TYPE_CHECKING:
    from pydantic import ValidationError
    from typer.exceptions import TyperException

# What pydantic calls the mistakes that options allow, and what is to be said of them.
_WANTED = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_QUOTES = r"['\"]|\.$"
_QUOTES = r"['\"]|\.$"


def explain_call(error: TyperException) -> str:
    """Return the sentence about a wrong call; the call's help is named where the sentence does not say what to do."""
    name, param = getattr(error, "option_name", None), getattr(error, "param", None)
    context: Any = getattr(error, "ctx", None)
    said = error.format_message()
    if not said:
        return ""  # the help was printed instead
    if param is not None and type(error.__cause__).__name__ == "ValidationError":
        return _explain_value(cast("ValidationError", error.__cause__), param)
    if name is not None and said.startswith("No such option"):
        options = [option for known in context.command.params for option in known.opts] if context else []
        sentence = f"no such option {quote(name)}{did_you_mean(suggest(name, options))}"
    elif name is not None:
        sentence = f"{name} takes no value" if "does not take" in said else f"{name}: its value is missing"
    elif param is not None and said.startswith("Missing"):
        sentence = f"{_name_of(param)} is missing"
    else:
        extra = re.fullmatch(r"Got unexpected extra argument\(s\) \((.*)\)", said, re.DOTALL)
        sentence = f"too many arguments: {printable(extra[1][:50])}" if extra else _soften(said)
    if sentence.endswith("?") or context is None:
        return sentence
    return f"{sentence}; {context.command_path} -h shows what it takes"


def _explain_value(cause: ValidationError, param: Any) -> str:  # noqa: ANN401 - typer's parameters have no public types
    details = cause.errors(include_url=False)[0]
    wanted = _WANTED.get(details["type"])
    if wanted is None:
        one_of = re.search(r"is not one of (.*)", details["msg"])
        wanted = f"must be one of {re.sub(_QUOTES, '', one_of[1])}" if one_of else _soften(details["msg"])
    return f"{_name_of(param)} {str(details['input'])[:50]}: {wanted.format(**details.get('ctx', {}))}"


def _name_of(param: Any) -> str:  # noqa: ANN401 - the same
    """Return how the user writes an option, or what the help calls an argument."""
    return str(param.opts[0] if param.opts[0].startswith("-") else param.metavar or param.name.upper())


def _soften(message: str) -> str:
    """Return a message without a capital, a full stop and single quotes."""
    text = message.replace(". Did you mean", "; did you mean").rstrip(".").replace("'", '"')
    return f"{text[0].lower()}{text[1:]}"

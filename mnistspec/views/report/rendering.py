"""What the HTML and the Markdown of a report share: how templates are read, and the marks of a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mnistspec.wording import printable_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The marks of ``mnistspec diff``, and what each of them means.
_MARKS = {"added": "+", "removed": "\N{MINUS SIGN}", "moved": ">", "changed": "~", "same": "="}
_KINDS = {kind: kind for kind in _MARKS} | {"same": "unchanged"}


def render(
    name: str,
    filters: Mapping[str, Any],
    escape: Callable[[str], Markup] = Markup.escape,
    **values: object,
) -> str:
    """Return a filled template; each value that is not markup is made printable and escaped, here and only here."""

    def finalize(value: object) -> Markup:
        return value if isinstance(value, Markup) else escape(printable_lines(str(value)))

    environment = Environment(
        loader=PackageLoader("mnistspec.views.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=finalize,
    )  # fmt: skip
    environment.filters |= filters
    environment.filters["arrows"] = lambda text: text.replace(" -> ", " \N{RIGHTWARDS ARROW} ")
    return environment.get_template(name).render(marks=_MARKS, kinds=_KINDS, **values)

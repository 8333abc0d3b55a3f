"""``mnistspec explain``."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mnistspec.cli.completion import complete_codes
from mnistspec.cli.console import print_json, print_markdown, print_result
from mnistspec.cli.options import Json
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError


@command(
    Panel.WRITE,
    5,
    "Explain an error of a spec: what it means, an example, what to do.",
    example="mnistspec explain E204",
)
def explain(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE|SPEC",
            help="Codes, or specs whose errors are to be explained.",
            show_default="list all codes",
            autocompletion=complete_codes,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    from mnistspec.language.manual.explanations import explain_code, list_codes

    codes = list(dict.fromkeys(code for name in names or [] for code in _codes_of(name)))
    pages = [explain_code(code) for code in (codes if names else list_codes())]
    if as_json:
        print_json([{key: value for key, value in asdict(page).items() if key != "page"} for page in pages])
    elif not names:
        titles = [f"{page.code}  {page.title}" for page in pages]
        print_result("\n".join([*titles, "", "mnistspec explain CODE explains one of them."]))
    elif pages:
        print_markdown("\n".join(page.page for page in pages))
    else:
        print_result("nothing to explain: no errors")


def _codes_of(name: str) -> list[str]:
    """Return the code that a name is, or those of the errors of the spec that it is the path of."""
    from mnistspec.language.loader import load_document
    from mnistspec.language.manual.explanations import list_codes
    from mnistspec.language.yaml.diagnostics import InvalidSpecError
    from mnistspec.wording import did_you_mean, quote, suggest

    codes = list_codes()
    if name.upper() in codes:
        return [name.upper()]
    if re.fullmatch(r"[A-Za-z]?\d+", name) or not Path(name).exists():
        meant = did_you_mean(suggest(name, codes)) or "; mnistspec explain lists the codes"
        raise UsageError(f"there is no code and no file {quote(name)}{meant}")
    try:
        load_document(Path(name), strict_targets=True)
    except InvalidSpecError as error:
        return [diagnostic.code for diagnostic in error.diagnostics]
    return []

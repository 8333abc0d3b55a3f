"""``mnistspec blocks``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mnistspec.cli.completion import complete_words
from mnistspec.cli.console import print_json, print_prose, print_result
from mnistspec.cli.options import Json
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError


@command(
    Panel.WRITE,
    4,
    "List what a spec may contain: blocks, optimizers, schedulers, augmentations, data sets, sections.",
    example="mnistspec blocks conv",
)
def blocks(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="One word of the language, such as conv, sgd, train or mnist.",
            show_default=False,
            autocompletion=complete_words,
        ),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    as_json: Json = False,
) -> None:
    from mnistspec.language.manual.words import list_sections, list_words
    from mnistspec.views.terminal.words import reference_markdown, reference_text, section_text, word_text
    from mnistspec.wording import did_you_mean, quote, suggest

    words, sections = list_words(), list_sections()
    if name is not None:
        known = [*(word.name for word in words), *(section.name for section in sections)]
        if name not in known:
            raise UsageError(f"unknown word {quote(name)}{did_you_mean(suggest(name, known))}")
        words = [word for word in words if word.name == name]
        sections = [section for section in sections if section.name == name]
    if as_json:
        print_json([*map(asdict, words), *map(asdict, sections)])
    elif as_markdown:
        print_result(reference_markdown(words, sections))
    elif name is None:
        print_prose(reference_text(words, sections))
    else:
        print_prose("\n\n".join([*map(word_text, words), *map(section_text, sections)]))

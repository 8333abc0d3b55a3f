"""The reference of the spec language as text and as Markdown."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mnistspec.language.vocabulary.block import Block
from mnistspec.wording import markdown_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnistspec.language.manual.words import Key, Section, Word


def reference_text(words: Sequence[Word], sections: Sequence[Section]) -> str:
    """Return every word with its summary, by family, and the sections."""
    width = max(len(word.name) for word in words) + 2
    parts = []
    for family, members in groupby(words, lambda word: word.family):
        lines = [f"  {word.name:{width}}{word.summary}" for word in members]
        parts.append("\n".join([family, *lines]))
    lines = [f"  {section.name:{width}}{section.summary}" for section in sections]
    return "\n\n".join([*parts, "\n".join(["sections", *lines]), "mnistspec blocks NAME lists the keys of one."])


def word_text(word: Word) -> str:
    """Return all about one word: summary, shape rule, keys, an example."""
    lines = [f"{word.name}: {word.summary}"]
    if word.shape:
        lines.append(f"  shape: {word.shape}")
    lines += _key_lines(word.keys)
    if word.scalar:
        lines.append(f"  {word.name}: VALUE is short for {word.name}: {{{word.scalar}: VALUE}}")
    return "\n".join([*lines, f"  example: {word.example}"])


def section_text(section: Section) -> str:
    """Return all about one section: summary and keys."""
    return "\n".join([f"{section.name}: {section.summary}", *_key_lines(section.keys)])


def reference_markdown(words: Sequence[Word], sections: Sequence[Section]) -> str:
    """Return a table a family, and one for each section of plain keys."""
    parts = []
    for family, members in groupby(words, lambda word: word.family):
        rows = [[f"`{word.name}`", _join([word.summary, _shape(word)]), _keys(word)] for word in members]
        parts.append(markdown_table([family, "what it does", "keys and defaults"], rows))
    for section in sections:
        rows = [[f"`{key.name}`", key.sentence] for key in section.keys]
        parts.append(markdown_table([f"`{section.name}`", section.summary], rows))
    return "\n\n".join(parts)


def _key_lines(keys: Sequence[Key]) -> list[str]:
    return [f"  {key.name}: {key.sentence}" for key in keys]


def _keys(word: Word) -> str:
    names = [f"`{key.name}: {key.default}`" if key.default else f"`{key.name}`" for key in word.keys]
    return ", ".join(names)


def _shape(word: Word) -> str:
    return f"Shape: {word.shape}." if word.shape and word.shape != Block.shape_rule else ""


def _join(sentences: Sequence[str]) -> str:
    """Return sentences as one text, each with a full stop."""
    return " ".join(sentence if sentence.endswith(".") else f"{sentence}." for sentence in sentences if sentence)

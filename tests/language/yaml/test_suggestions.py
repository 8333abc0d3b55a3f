"""What a misspelled word was probably meant to be."""

from __future__ import annotations

import pytest

from mnistspec.language.vocabulary.augmentations import Augmentation
from mnistspec.language.vocabulary.block import Block
from mnistspec.language.vocabulary.optimizers import Optimizer
from mnistspec.language.vocabulary.schedulers import Scheduler
from mnistspec.language.vocabulary.unit import Unit
from mnistspec.wording import suggest

ALL = [member for family in (Block, Optimizer, Scheduler, Augmentation) for member in family.members.values()]


def meant(family: type[Unit], word: str) -> str | None:
    """Return what is suggested for a word of a family."""
    aliases = {alias: name for name, member in family.members.items() for alias in member.aliases}
    return suggest(word, family.members, aliases)


@pytest.mark.parametrize("member", ALL, ids=lambda member: f"{member.family}-{member.word}")
def test_slips_of_the_finger(member: type[Unit]) -> None:
    word = member.word
    if len(word) > 3:
        for i in range(len(word) - 1):
            assert meant(member, word[:i] + word[i + 1] + word[i] + word[i + 2 :]) == word, "two letters swapped"
        for i in range(1, len(word)):
            assert meant(member, word[:i] + "z" + word[i:]) == word, "a letter too many"
    assert meant(member, word.upper()) == word
    assert meant(member, f" {word}_") == word


@pytest.mark.parametrize("member", ALL, ids=lambda member: f"{member.family}-{member.word}")
def test_aliases_and_torch_names(member: type[Unit]) -> None:
    for alias in member.aliases:
        assert meant(member, alias) == member.word
    assert not set(member.aliases) & set(member.members)


@pytest.mark.parametrize("word", ["", "transformer", "数字", "x" * 10_000, "attention", "lstm", "embedding"])
def test_no_suggestion_for_something_else(word: str) -> None:
    assert meant(Block, word) is None

"""What blocks, optimizers, schedulers and augmentations share: each is a class that a spec names by a word."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A part of a spec: strict, closed and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def can_do_without(cls, key: str) -> bool:  # noqa: ARG003 - the answer of most models
        """Return whether a model whose bad value was left out still serves to check what comes after it."""
        return True


class Unit(Model):
    """A part of a spec that is named by a word, such as ``conv`` or ``sgd``.

    A family (Block, Optimizer, ...) is a direct subclass; its own subclasses, each with a ``word``, are its members.
    The first line of a member's docstring is its help. ``scalar`` names the argument that may be written alone:
    ``conv: 8``. ``aliases`` are other people's words for it, which are suggested and never accepted.
    """

    family: ClassVar[str]
    members: ClassVar[dict[str, type[Any]]]
    word: ClassVar[str]
    scalar: ClassVar[str | None] = None
    aliases: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(
        cls,
        *,
        family: str = "",
        word: str = "",
        scalar: str | None = None,
        aliases: tuple[str, ...] = (),
        **kwargs: Any,  # noqa: ANN401 - pydantic's own
    ) -> None:
        """Register a member with its family; a class with neither word nor family is a shared base."""
        super().__init_subclass__(**kwargs)
        if family:
            cls.family, cls.members = family, {}
        if word in getattr(cls, "members", {}):
            raise TypeError(f"the {cls.family} {word} exists already")
        if word:
            cls.word, cls.scalar, cls.aliases = word, scalar, aliases
            cls.members[word] = cls

    @classmethod
    def summary(cls) -> str:
        """Return the one-line help of this word."""
        return (cls.__doc__ or "").strip().split("\n", 1)[0]


def inconsistent(field: str, message: str) -> PydanticCustomError:
    """Return the error of values that do not go together, to be shown at ``field``."""
    return PydanticCustomError("consistency", "{message}", {"message": message, "field": field})

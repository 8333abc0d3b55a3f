"""What blocks, data sets, optimizers, schedulers and augmentations share: a spec names each class by a word."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from mnistspec.errors import UsageError


class Model(BaseModel):
    """A part of a spec: strict, closed and immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def can_do_without(cls, key: str) -> bool:  # noqa: ARG003 - the answer of most models
        """Return whether a model whose bad value was left out still serves to check what comes after it."""
        return True

    @classmethod
    def summary(cls) -> str:
        """Return the one-line help: the first line of the docstring."""
        if cls.__doc__ is None:
            raise UsageError("help comes from docstrings, which python -OO removes: use python -O")
        return cls.__doc__.strip().split("\n", 1)[0]


class Unit(Model):
    """A part of a spec that is named by a word, such as ``conv`` or ``sgd``.

    A family (Block, Optimizer, ...) is a subclass with the keyword ``family``; its own subclasses with a ``word`` are
    its members. The first line of a member's docstring is its help. ``scalar`` names the argument that may be written
    alone: ``conv: 8``. ``aliases`` are other people's words for it, which are suggested and never accepted. A required
    key has an example on its field, for the manual.
    """

    families: ClassVar[dict[str, type[Unit]]] = {}  # by the names of their classes, in small letters
    family: ClassVar[str]
    members: ClassVar[dict[str, type[Any]]]
    word: ClassVar[str]
    scalar: ClassVar[str | None] = None
    aliases: ClassVar[tuple[str, ...]] = ()
    shape_rule: ClassVar[str] = ""  # of a block: from the shape that comes in to the one that goes out
    torch_class: ClassVar[
        str
    ]  # the name that torch or torchvision has for it; that of the class unless it says otherwise
    kind: ClassVar[str]  # what members have in common that may replace each other; the word unless it says otherwise

    def __init_subclass__(
        cls,
        *,
        family: str = "",
        word: str = "",
        scalar: str | None = None,
        aliases: tuple[str, ...] = (),
        kind: str = "",
        **kwargs: Any,  # noqa: ANN401 - pydantic's own
    ) -> None:
        """Take what the class says of itself; one with neither word nor family is a shared base."""
        super().__init_subclass__(**kwargs)
        if family:
            cls.family, cls.members = family, {}
            cls.families[cls.__name__.lower()] = cls
        if kind:
            cls.kind = kind
        if word:
            cls.word, cls.scalar, cls.aliases = word, scalar, aliases
            cls.torch_class = vars(cls).get("torch_class", cls.__name__)
            cls.kind = getattr(cls, "kind", word)

    @classmethod
    def __pydantic_init_subclass__(cls, *, word: str = "", **kwargs: Any) -> None:  # noqa: ANN401 - as above
        """Register a member with its family, now that its fields are known."""
        super().__pydantic_init_subclass__(**kwargs)
        if word:
            cls._check()
            cls.members[word] = cls

    @classmethod
    def _check(cls) -> None:
        """Raise TypeError for a member that the manual could not explain."""
        name = f"the {cls.family} {cls.word}"
        if cls.word in cls.members:
            raise TypeError(f"{name} already exists")
        if not (cls.__doc__ or sys.flags.optimize > 1):
            raise TypeError(f"{name} needs a docstring: its first line is its help")
        if cls.scalar is not None and cls.scalar not in cls.model_fields:
            raise TypeError(f"{name} has no key {cls.scalar}, which its scalar names")
        for key, field in cls.model_fields.items():
            if field.is_required() and not field.examples:
                raise TypeError(f"{name} needs an example of its required key {key}: Field(examples=[...])")


def must_be(expected: str) -> PydanticCustomError:
    """Return the error of a value that is none of what is expected."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def inconsistent(field: str, message: str) -> PydanticCustomError:
    """Return the error of values that do not go together, to be shown at ``field``."""
    return PydanticCustomError("consistency", "{message}", {"message": message, "field": field})

"""What the figures of a run were measured on, and the words for it: the one home of "test" and "held-out"."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistspec.language.spec import Spec


class Measured(StrEnum):
    """The part of the data that a run's figures are of; its value begins their names in files, ``test_accuracy``."""

    test = "test"
    holdout = "holdout"

    @classmethod
    def of(cls, spec: Spec) -> Measured:
        """Return what the training of a spec measures on."""
        return cls.holdout if spec.train.holdout else cls.test

    @property
    def word(self) -> str:
        """The adjective of the figures: test accuracy, held-out accuracy."""
        return "held-out" if self is Measured.holdout else "test"

    @property
    def images(self) -> str:
        """The images, as in "measured on the"."""
        return "held-out images" if self is Measured.holdout else "test set"

    def key(self, name: str) -> str:
        """Return the name of a figure in files: ``best_accuracy`` is ``best_test_accuracy`` or of the held-out."""
        before, _, quantity = name.rpartition("_")
        return "_".join(filter(None, (before, self.value, quantity)))

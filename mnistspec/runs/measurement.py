"""What the figures of a run were measured on, and the words for it: the one home of "test" and "held-out"."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistspec.language.spec import Spec


class Measured(StrEnum):
    """The part of the data that a run's figures are of; ``stem`` begins their names in files, ``test_accuracy``."""

    test = "test"
    holdout = "holdout"
    val = "val"

    @classmethod
    def of(cls, spec: Spec) -> Measured:
        """Return what the training of a spec measures on."""
        if spec.train.holdout == "val":
            return cls.val
        return cls.holdout if spec.train.holdout else cls.test

    @property
    def stem(self) -> str:
        """The word in the names of figures: a validation part is held out, too."""
        return "test" if self is Measured.test else "holdout"

    @property
    def word(self) -> str:
        """The adjective of the figures: test accuracy, held-out accuracy."""
        return "test" if self is Measured.test else "held-out"

    @property
    def images(self) -> str:
        """The images, as in "measured on the"."""
        return {"test": "test set", "holdout": "held-out images", "val": "validation part"}[self.value]

    def key(self, name: str) -> str:
        """Return the name of a figure in files: ``best_accuracy`` is ``best_test_accuracy`` or of the held-out."""
        before, _, quantity = name.rpartition("_")
        return "_".join(filter(None, (before, self.stem, quantity)))

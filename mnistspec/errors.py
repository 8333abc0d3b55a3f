"""Everything that can go wrong for a user, under one root that the command line catches once."""

from __future__ import annotations


class MnistspecError(Exception):
    """The root: a sentence for the user and the exit code that goes with it."""

    exit_code = 1

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code  # of the page in which ``explain`` says more; "" for errors that have none

    @property
    def headline(self) -> str:
        """Its first line."""
        return str(self).partition("\n")[0]


class UsageError(MnistspecError):
    """The call is wrong: an option, an argument, or a file that is not there."""

    exit_code = 2


class SpecError(MnistspecError):
    """A spec is wrong. The message holds every located error of the file, rendered."""

    exit_code = 2


class NotFiniteError(MnistspecError):
    """The training loss is no longer a finite number."""

    exit_code = 3


class CorruptError(MnistspecError):
    """Data, weights or a checkpoint are not what they were when they were written."""

    exit_code = 4


def check_type(name: str, value: object, *kinds: type) -> None:
    """Raise UsageError, which names the argument, for a value that is of none of these types."""
    if not isinstance(value, kinds):
        wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise UsageError(f"{name} must be {wanted}, not {type(value).__name__}")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed: Python's and numpy's have a type, those of torch, oneDNN and onnxruntime a text."""
    signs = ("out of memory", "not enough memory", "DefaultCPUAllocator", "Failed to allocate", "bad_alloc",
             "bad allocation", "could not create a memory", "could not create a primitive")  # fmt: skip
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)

"""A small network and its training run in one YAML file: validated, compiled to nn.Sequential, trained."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnistspec.data.dataset import load_dataset
    from mnistspec.errors import MnistspecError
    from mnistspec.language.loader import load_spec
    from mnistspec.network.builder import build_model
    from mnistspec.network.summary import summarize
    from mnistspec.runs.folder import RunDir
    from mnistspec.training.trainer import fit

_HOMES = {
    "MnistspecError": "errors",
    "RunDir": "runs.folder",
    "build_model": "network.builder",
    "fit": "training.trainer",
    "load_dataset": "data.dataset",
    "load_spec": "language.loader",
    "summarize": "network.summary",
}

__all__ = ["MnistspecError", "RunDir", "build_model", "fit", "load_dataset", "load_spec", "summarize"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name when it is first used, so that importing the package does not import torch."""
    if name in _HOMES:
        return getattr(import_module(f"mnistspec.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'mnistspec' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return list(__all__)

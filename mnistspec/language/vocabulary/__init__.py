"""The words of the language: one class is one word. This package is the one place that lists the modules of words."""

from importlib import import_module

# Importing a module registers its words; the manual lists them in this order.
for _module in (
    "convolutions",
    "normalization",
    "dense",
    "pools",
    "activations",
    "containers",
    "optimizers",
    "schedulers",
    "augmentations",
    "datasets",
    "image_sets",
):
    import_module(f"mnistspec.language.vocabulary.{_module}")

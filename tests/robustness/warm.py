"""Imports what a training imports on its way, so that forked processes have it already."""

from importlib import import_module

MODULES = (
    "torch._dynamo",  # imported by torch.optim when the first optimizer is made
    "torchinfo",
    "typer.rich_utils",
    "mnistspec.cli.app",
    "mnistspec.cli.progress",
    "mnistspec.network.summary",
    "mnistspec.runs.execution",
    "mnistspec.views.painting",
    "mnistspec.views.terminal.results",
    "mnistspec.views.terminal.tables",
    "tests.robustness.hooks",
)
for module in MODULES:
    import_module(module)

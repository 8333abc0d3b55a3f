"""The workers of a cluster as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.text import Text

from mnistspec.views.terminal.tables import make_table
from mnistspec.wording import printable_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from mnistspec.sweeps.cluster.offers import Offer


def workers_table(offers: Sequence[Offer]) -> Table:
    """Return a row a worker: where it is, what it has, and whether runs may be sent there."""
    table = make_table(show_edge=False)
    for heading in ("worker", "threads", "memory", "versions", "devices", "data sets", "fits"):
        justify: Literal["left", "right"] = "right" if heading in {"threads", "memory"} else "left"
        table.add_column(heading, overflow="fold", justify=justify, no_wrap=heading == "worker")
    for offer in offers:
        versions = offer.machine.get("versions", {})
        cells = (
            offer.address,
            str(offer.threads),
            f"{offer.memory / 2**30:.1f} GiB" if offer.memory else "",
            "\n".join(f"{name} {versions[name]}" for name in ("mnistspec", "python", "torch") if name in versions),
            "\n".join(offer.machine.get("devices", [])),
            "\n".join(offer.machine.get("data_sets", [])),
            "yes" if offer.fits else "no",
        )
        table.add_row(*(Text(printable_lines(cell)) for cell in cells))
    return table

"""``mnistspec sweep --cluster``: workers are checked before anything is sent to them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mnistspec.cli.console import print_message, print_warning
from mnistspec.errors import MnistspecError
from mnistspec.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

    from mnistspec.sweeps.cluster.engine import ClusterEngine
    from mnistspec.sweeps.cluster.offers import Offer
    from mnistspec.sweeps.cluster.transfer import Requirements
    from mnistspec.sweeps.grid import Job
    from mnistspec.sweeps.sweep import Sweep


@contextmanager
def open_cluster(address: str, needs: Requirements) -> Iterator[tuple[Client, dict[str, str]]]:
    """Yield a cluster's client and the digests of its data sets.

    Raises MnistspecError if there is no scheduler, no worker, or a worker that does not fit.
    """
    from mnistspec.sweeps.cluster.client import connect, survey

    client = connect(address)
    try:
        offers = survey(client, address, needs)
        _check_offers(offers, address)
        yield client, offers[0].machine.get("digests", {})
    finally:
        client.close()


def make_engine(client: Client, work: Sweep, needs: Requirements, threads: int, retries: int) -> ClusterEngine:
    """Return the engine for a cluster."""
    from mnistspec.sweeps.cluster.engine import ClusterEngine

    return ClusterEngine(
        client, work.root, needs=needs, threads=threads, retries=retries, summarize=_make_summarizer(),
        tell=print_message, on_epoch=work.note_epochs,
    )  # fmt: skip


def _check_offers(offers: list[Offer], address: str) -> None:
    """Report how many workers there are; raise MnistspecError if one of them does not fit."""
    from mnistspec.sweeps.cluster.offers import compare_versions

    misfits = [f"{offer.address}: {problem}" for offer in offers for problem in offer.problems]
    if misfits:
        count = sum(not offer.fits for offer in offers)
        head = f"{count} of {len(offers)} workers of {address} do not fit; nothing was sent"
        raise MnistspecError("\n".join([head, *misfits]))
    for line in compare_versions(offers):
        print_warning(line)
    threads = sum(offer.threads for offer in offers)
    print_message(f"{plural(len(offers), 'worker')} at {address}, {plural(threads, 'run')} at a time")


def _make_summarizer() -> Callable[[Job], str]:
    """Return a function that makes the text of a job's summary.txt, once for all seeds."""
    from mnistspec.network.summary import summarize
    from mnistspec.views.terminal.tables import render_text, summary_table

    known: dict[tuple[object, ...], str] = {}

    def text(job: Job) -> str:
        key = (job.path, job.settings)
        if key not in known:
            known[key] = render_text(summary_table(summarize(job.spec, job.lines)), width=80)
        return known[key]

    return text

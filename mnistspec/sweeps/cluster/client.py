"""The way to a cluster: a connection to its scheduler, and what its workers offer."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.runs.environment import find_version
from mnistspec.sweeps.cluster.offers import explain_version, find_misfits, read_offer
from mnistspec.wording import quote

if TYPE_CHECKING:
    from distributed import Client

    from mnistspec.sweeps.cluster.offers import Offer
    from mnistspec.sweeps.cluster.transfer import Requirements

_PATIENCE = "5s"


def connect(address: str) -> Client:
    """Return a connection to the scheduler at an address such as tcp://10.0.0.1:8786; raise if it does not answer."""
    if find_spec("distributed") is None:
        raise MnistspecError("a cluster needs Dask's distributed: pip install 'mnistspec[cluster]'")
    if not (address.isascii() and address.isprintable()):  # Dask would fail on it in a thread of its own
        raise UsageError(f"{quote(address)}: not the address of a scheduler, such as tcp://10.0.0.1:8786")
    from distributed import Client  # noqa: PLC0415 - an extra, and a second of imports
    from distributed.comm.addressing import get_address_host_port  # noqa: PLC0415 - the same
    from distributed.versions import VersionMismatchWarning  # noqa: PLC0415 - the same

    for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # our own messages say it
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)  # the same
    warnings.filterwarnings("ignore", message="Sending large graph")  # a run that is resumed takes its checkpoint along
    try:
        get_address_host_port(address)  # a client that fails on its address prints a traceback when it is collected
        return Client(address, timeout=_PATIENCE, set_as_default=False, name="mnistspec")
    except (ValueError, TypeError) as error:
        raise UsageError(f"{address}: not the address of a scheduler, such as tcp://10.0.0.1:8786: {error}") from None
    except (OSError, TimeoutError) as error:
        raise MnistspecError(
            f"{address}: no Dask scheduler answers there within {_PATIENCE.removesuffix('s')} seconds "
            f"({_shorten(error)}); start one with: dask scheduler"
        ) from None


def survey(client: Client, address: str, needs: Requirements) -> list[Offer]:
    """Return what each worker offers and whether it fits; raise if there is none, or if the scheduler does not fit."""
    from mnistspec.sweeps.cluster.worker import describe_scheduler, examine  # noqa: PLC0415 - they need the extra

    mine = find_version("mnistspec")
    try:
        theirs = client.run_on_scheduler(describe_scheduler)["mnistspec"]
    except Exception as error:  # noqa: BLE001 - whatever reading it there raises
        raise MnistspecError(
            f"the scheduler at {address} cannot import this package, and Dask needs it there as on the workers "
            f"({_shorten(error)}); install mnistspec=={mine} there and start it again"
        ) from None
    if theirs != mine:
        raise MnistspecError(f"the scheduler at {address}: {explain_version(theirs, mine)}")
    threads = client.nthreads()
    if not threads:
        raise MnistspecError(f"the scheduler at {address} has no worker; start one with: dask worker {address}")
    answers = client.run(examine, needs, on_error="return")
    offers = [read_offer(worker, answers[worker]) for worker in sorted(answers)]
    for offer in offers:
        offer.threads = threads.get(offer.address, offer.threads)
    find_misfits(offers)
    return offers


def _shorten(error: BaseException) -> str:
    """Return the first line of an error, or its name."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__

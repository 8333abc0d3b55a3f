"""Opening a port and serving the demo on it."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import uvicorn

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.pages.connections import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

_MAX_HEADERS = 32 * 1024  # bytes of a request's headers


def open_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address; port 0 is any that is free.

    Raises UsageError for an address that is not this machine's, MnistspecError for a port that is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: not an address of this machine: {error}") from None
    try:
        opened = socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise MnistspecError(
            f"cannot open port {port} of {host}: {reason}; give another with --port, or --port 0 for any that is free"
        ) from None
    # Connections inherit it: without, the second part of an answer waits up to 40 ms for the first to be acknowledged.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


class _Server(uvicorn.Server):
    """A server that says when it answers, and to signals as well."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def serve(app: Starlette, opened: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, which is passed on to the handler that was there before.

    ``announce`` is called once the server answers, and ends in good order at a signal.
    """
    config = uvicorn.Config(
        app, http=Connection, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
        h11_max_incomplete_event_size=_MAX_HEADERS, proxy_headers=False, timeout_graceful_shutdown=1,
        log_level="critical",  # what goes wrong in a request is logged by the application
    )  # fmt: skip
    _Server(config, announce).run([opened])


def is_loopback(opened: socket.socket) -> bool:
    """Return whether a socket can be reached from this machine only."""
    return ip_address(opened.getsockname()[0]).is_loopback


def page_address(opened: socket.socket) -> str:
    """Return the URL of the page on this machine."""
    host, port = opened.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

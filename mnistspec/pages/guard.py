"""Who may ask the demo's server, and what a browser may do with its answers."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME = re.compile(r"[a-z0-9._-]+")


class Guard:
    """Lets requests through that were meant for this server and come from its own page, or from no page at all.

    A page from elsewhere could call a server on this machine by another name (DNS rebinding), or make the browser ask
    it. ``hosts`` are the names to which the server answers besides those of loopback and the address that was asked: a
    page from elsewhere has a name, never this server's address.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app, self._hosts = app, LOOPBACK.union(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; every answer gets the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._find_refusal(scope, Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await JSONResponse({"error": refusal}, 403)(scope, receive, send_with_headers)

    def _find_refusal(self, scope: Scope, headers: Headers) -> str | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        name, (address, _) = _find_host(host), scope["server"]
        if name not in self._hosts and name != address:
            return "this server answers to its own address only; start it with --allow-host NAME for another name"
        is_own = origin is None or origin in {f"http://{host}", f"https://{host}"}
        if not is_own or _is_asked_by_another_site(scope, headers):
            return "this server answers to its own page only"
        return None


def _is_asked_by_another_site(scope: Scope, headers: Headers) -> bool:
    """Return what the browser says of who asks; a link elsewhere may open the page, and nothing else."""
    opens_page = scope["method"] == "GET" and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"} and not (
        opens_page and headers.get("sec-fetch-dest") == "document"
    )


def check_hosts(names: Iterable[str]) -> list[str]:
    """Return names of hosts, or addresses, as ``_find_host`` does; raise UsageError for what is neither."""
    hosts = []
    for name in names:
        host = name.removeprefix("[").removesuffix("]").lower()
        if not (_NAME.fullmatch(host) or _is_address(host)):
            raise UsageError(
                f"--allow-host {name}: not a host's name; write it as in http://NAME:7860/, without a port"
            )
        hosts.append(host)
    return hosts


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _find_host(text: str) -> str:
    """Return the host, in lower case and without its port, of what a Host header has; nothing if it has none."""
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""

"""Connections to the demo: each has seconds for its request, and no client may keep others waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

_HEAD, _EXCHANGE = 10.0, 30.0  # seconds in which a request's head, then its body and the taking of its answer are due
_MAX_OF_A_CLIENT, _MAX = 32, 128  # connections; a browser opens 6


class Connection(H11Protocol):
    """A connection that ends when its client keeps the server waiting, or when others need the room.

    At either limit, a new connection replaces an old one, of the same address or of any. So whoever sends a request at
    once is answered, however many connections others hold open or keep busy.
    """

    _deadline: asyncio.TimerHandle | None = None
    since = 0.0  # the loop's time at which the present part of an exchange began

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Make room for a connection."""
        super().connection_made(transport)
        self._allow(_HEAD)
        others = [other for other in self.connections if isinstance(other, Connection) and other is not self]
        own = [other for other in others if other.address == self.address]
        if len(own) >= _MAX_OF_A_CLIENT:
            _end_oldest(own)
        elif len(others) >= _MAX:
            _end_oldest(others)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        super().connection_lost(exc)
        if self._deadline:
            self._deadline.cancel()

    def handle_events(self) -> None:
        """Read what has come; a whole head begins an exchange."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._allow(_EXCHANGE)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._allow(_HEAD)
        super().on_response_complete()

    @property
    def address(self) -> str:
        """The client's address without its port."""
        return self.client[0] if self.client else ""

    @property
    def is_waiting(self) -> bool:
        """Whether the client has to do something now: send a request, the rest of one, or take its answer."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return True
        return self.transport.get_write_buffer_size() > 0

    def _allow(self, seconds: float) -> None:
        """Give the client this time for the next part of an exchange."""
        if self._deadline:
            self._deadline.cancel()
        self.since = self.loop.time()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        if self.is_waiting:
            self.end()
        else:  # the server is the slow one
            self._allow(_EXCHANGE)

    def end(self) -> None:
        """End the connection at once, whatever is to be sent yet."""
        self.connections.discard(self)  # at once: it takes no room any more
        self.transport.abort()


def _end_oldest(connections: Sequence[Connection]) -> None:
    """End the oldest of those that wait for their clients, or of those that are busy, whichever are more."""
    waiting = [connection for connection in connections if connection.is_waiting]
    busy = [connection for connection in connections if not connection.is_waiting]
    more = waiting if len(waiting) >= len(busy) else busy
    min(more, key=lambda connection: connection.since).end()

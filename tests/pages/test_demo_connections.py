"""Connections of the demo's server end when their clients keep it waiting, and make room for one another."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.needs import need_module

need_module("uvicorn")
import uvicorn
from uvicorn.server import ServerState

from mnistspec.pages import connections
from mnistspec.pages.connections import Connection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import Receive, Scope, Send

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
WHOLE = HEAD + b"body"
LARGE = b"x" * 50_000_000  # more than the system takes for a client that reads nothing

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a request, wait as long as its path says, and answer."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(float(scope["path"].strip("/") or 0))
    body = LARGE if scope["query_string"] else b"answer"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serve() -> AsyncIterator[tuple[ServerState, Callable[..., Awaitable[Streams]]]]:
    """Serve on a free port; yield the server's state and what connects to it, from an address of loopback."""
    config = uvicorn.Config(answer, ws="none", lifespan="off", log_config=None, log_level="critical")
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
    writers = []

    async def connect(address: str = "127.0.0.1") -> Streams:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        writers.append(writer)
        return reader, writer

    try:
        yield state, connect
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()


async def has_ended(reader: asyncio.StreamReader) -> bool:
    """Whether the server has ended a connection within a moment; what was sent before is skipped."""
    try:
        async with asyncio.timeout(0.3):
            await reader.read()
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def ask(path: str = "/") -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become tenths."""
    monkeypatch.setattr(connections, "_HEAD", 0.2)
    monkeypatch.setattr(connections, "_EXCHANGE", 0.2)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "content",
    [b"", b"G", HEAD[:30], HEAD, HEAD + b"bo", WHOLE + HEAD[:30], WHOLE + HEAD, ask("/?large")],
    ids=[
        "nothing",
        "a letter",
        "half a head",
        "no body",
        "half a body",
        "then half a head",
        "then no body",
        "not read",
    ],
)
def test_a_client_that_keeps_the_server_waiting_is_left(content: bytes) -> None:
    async def check() -> None:
        async with serve() as (state, connect):
            _, writer = await connect()
            writer.write(content)
            await asyncio.sleep(0.1)
            assert len(state.connections) == 1
            await asyncio.sleep(0.6)
            assert not state.connections

    asyncio.run(check())


@pytest.mark.usefixtures("hasty")
def test_drops_do_not_buy_time() -> None:
    async def check() -> None:
        async with serve() as (state, connect):
            _, writer = await connect()
            for letter in HEAD[:12]:
                writer.write(bytes([letter]))
                await asyncio.sleep(0.05)
            assert not state.connections

    asyncio.run(check())


@pytest.mark.usefixtures("hasty")
def test_a_server_that_is_slow_itself_answers() -> None:
    async def check() -> None:
        async with serve() as (_, connect):
            reader, writer = await connect()
            for _ in range(2):
                writer.write(ask("/0.7"))
                assert (await reader.readuntil(b"answer")).startswith(b"HTTP/1.1 200")

    asyncio.run(check())


def test_a_new_connection_replaces_the_oldest_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_MAX_OF_A_CLIENT", 3)

    async def check() -> None:
        async with serve() as (state, connect):
            (first, _), (busy, asks), (third, _) = [await connect() for _ in range(3)]
            asks.write(ask("/1.5"))
            await asyncio.sleep(0.1)
            fourth, _ = await connect()
            assert await has_ended(first)
            await connect()
            assert await has_ended(third)
            assert len(state.connections) == 3
            assert b"200" in await busy.readuntil(b"answer")  # it was computing: that is not the client's fault
            assert not await has_ended(fourth)

    asyncio.run(check())


def test_where_most_are_busy_the_oldest_of_them_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests somebody sends, a newcomer has the time to send its own."""
    monkeypatch.setattr(connections, "_MAX_OF_A_CLIENT", 3)

    async def check() -> None:
        async with serve() as (state, connect):
            busy = []
            for _ in range(3):
                reader, writer = await connect()
                writer.write(ask("/2"))
                busy.append(reader)
            await asyncio.sleep(0.1)
            newcomer, writer = await connect()
            await connect()
            assert [await has_ended(reader) for reader in busy] == [True, True, False]
            assert len(state.connections) == 3
            writer.write(ask())
            assert b"200" in await newcomer.readuntil(b"answer")

    asyncio.run(check())


def test_other_addresses_have_their_own_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_MAX_OF_A_CLIENT", 2)
    monkeypatch.setattr(connections, "_MAX", 4)

    async def check() -> None:
        async with serve() as (state, connect):
            quiet, _ = await connect("127.0.0.2")
            greedy = [await connect("127.0.0.1") for _ in range(5)]
            assert len(state.connections) == 3
            assert not await has_ended(quiet)
            assert [await has_ended(reader) for reader, _ in greedy] == [True] * 3 + [False] * 2
            await connect("127.0.0.3")
            await connect("127.0.0.4")
            assert len(state.connections) == 4
            assert await has_ended(quiet)  # the oldest of all

    asyncio.run(check())

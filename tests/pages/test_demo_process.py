"""The demo as a process: its port, its end, and connections that no browser makes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.needs import need_module

need_module("uvicorn")
from mnistspec.pages.serving import is_loopback, open_port, page_address
from tests.command_line import CommandLine
from tests.data.photo.test_photo import DIGITS, enlarge
from tests.pages.test_demo_server import write

POST = b"POST /read/image?layer=conv1&layer=conv1 HTTP/1.1\r\nHost: localhost\r\n"

ANYWHERE = "0.0.0.0"  # noqa: S104 - that the demo can be opened to all is tested


def connect(address: str) -> socket.socket:
    """Return a raw connection to the demo."""
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def exchange(address: str, content: bytes) -> bytes:
    """Send bytes and return the first that come back; nothing if the server hangs up."""
    with connect(address) as connection:
        try:
            connection.sendall(content)
            return connection.recv(65536)
        except ConnectionError:
            return b""


def assert_alive(address: str) -> None:
    """Assert that a picture is read, soon."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    start = time.monotonic()
    connection.request("POST", "/read/image?layer=conv1&layer=conv1", write(enlarge(DIGITS[0])))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert len(answer["runs"]) == 2
    assert time.monotonic() - start < 10


def test_broken_requests(address: str) -> None:
    for content, status in (
        (b"\x16\x03\x01 not http\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b"400"),
        (POST + b"Content-Length: 30000000\r\n\r\n", b"413"),
        (POST + b"Content-Length: -5\r\n\r\n", b"400"),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", b"400"),
    ):
        answer = exchange(address, content)
        assert not answer or answer.startswith(b"HTTP/1.1 " + status), (content[:60], answer[:60])
        assert_alive(address)
    assert b"413" in exchange(address, POST + b"Content-Length: 30000000\r\n\r\n")


def test_a_picture_without_end_is_refused_while_it_comes(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(21):
            connection.sendall(b"100000\r\n" + bytes(2**20) + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")  # although the picture goes on
    assert_alive(address)


def test_slow_and_broken_off_pictures_hold_nobody_up(address: str) -> None:
    slow = [connect(address) for _ in range(20)]
    for place, connection in enumerate(slow):
        connection.sendall(POST + b"Content-Length: 1000\r\n\r\nx" if place % 2 else POST[:40])
    assert_alive(address)
    for connection in slow:
        connection.close()
    assert_alive(address)


HALVES = {
    "nothing": b"",
    "half a head": POST[:40],
    "a head that never ends": POST + b"X: x\r\n",
    "half a picture": POST + b"Content-Length: 1000\r\n\r\nx",
    "answers that nobody takes": b"GET /runs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40,
}


@pytest.mark.parametrize("half", HALVES)
def test_two_hundred_connections_hold_nobody_up(address: str, half: str) -> None:
    with ExitStack() as held:
        for _ in range(200):
            connection = held.enter_context(connect(address))
            connection.setblocking(False)
            with suppress(OSError):  # it may be closed already
                connection.send(HALVES[half])
        start = time.monotonic()
        for _ in range(3):
            assert_alive(address)
        assert time.monotonic() - start < 5
    assert_alive(address)


def test_answers_are_not_held_back() -> None:
    with open_port("localhost", 0) as opened:
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert page_address(opened).startswith("http://")
        assert is_loopback(opened)


def test_a_port_that_is_taken(mnistspec: CommandLine, run: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = mnistspec("demo", run, "--port", str(port))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"mnistspec: cannot open port {port} of 127.0.0.1: address already in use; give another with --port, or "
        "--port 0 for any that is free\n"
    )


def test_refusals(mnistspec: CommandLine, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = mnistspec("demo", tmp_path, "--port", "0")
    assert (outcome.code, outcome.err) == (2, f"mnistspec: {tmp_path}: not a run folder, and none is below it\n")
    outcome = mnistspec("demo", run, "--host", "999.1.1.1", "--port", "0")
    assert outcome.code == 2
    assert "--host 999.1.1.1: not an address of this machine" in outcome.err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    outcome = mnistspec("demo", tmp_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "mnistspec: the demo needs starlette and uvicorn: pip install 'mnistspec[demo]'\n"


def test_opened_wider_without_its_data_it_warns(run: Path, tmp_path: Path) -> None:
    demo = ["-m", "mnistspec", "demo", str(run), "--host", ANYWHERE, "--port", "0", "--data-dir", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, *demo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("demo: http://localhost:")
        with connect(line.removeprefix("demo: ").strip()) as half:
            half.sendall(POST)
            os.kill(process.pid, signal.SIGTERM)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (143, "")
    lines = err.splitlines()
    assert lines[0].startswith("mnistspec: warning: the demo does not show the mistakes of reader: ")
    assert lines[1] == (
        "mnistspec: warning: --host 0.0.0.0: everyone who can reach this machine over the network can use the page"
    )
    assert lines[2:] == ["Ctrl-C ends it"]

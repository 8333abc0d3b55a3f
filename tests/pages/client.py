"""Requests to an application in this process, as a server would pass them on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Someone who asks an application."""

    app: ASGIApp
    host: str = "localhost"
    server: str = "127.0.0.1"

    def get(self, url: str, **headers: str) -> Answer:
        return self.request("GET", url, b"", headers)

    def post(self, url: str, body: bytes, **headers: str) -> Answer:
        return self.request("POST", url, body, headers)

    def request(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send a request in two pieces."""
        middle = len(body) // 2
        pieces: list[Message] = [
            {"type": "http.request", "body": body[:middle], "more_body": True},
            {"type": "http.request", "body": body[middle:], "more_body": False},
        ]

        async def receive() -> Message:
            if not pieces:
                await asyncio.sleep(60)  # the client waits for its answer
            return pieces.pop(0)

        return self.send(method, url, headers, receive)

    def send(self, method: str, url: str, headers: dict[str, str], receive: Callable[[], Awaitable[Message]]) -> Answer:
        """Send a request whose body comes from ``receive``."""
        path, _, query = url.partition("?")
        fields = {"host": self.host, **headers}
        scope = {
            "type": "http", "method": method, "path": unquote_to_bytes(path).decode(), "root_path": "",
            "query_string": query.encode(), "http_version": "1.1", "scheme": "http", "server": (self.server, 80),
            "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        }  # fmt: skip
        answer = Answer()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        asyncio.run(self._call(scope, receive, send))
        return answer

    async def _call(self, *arguments: Any) -> None:
        await self.app(*arguments)

"""A small client of the Language Server Protocol over stdio: what an editor says to yaml-language-server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import IO, Any

_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
_MARKDOWN = {
    "completion": {"completionItem": {"documentationFormat": ["markdown"], "snippetSupport": True}},
    "hover": {"contentFormat": ["markdown"]},
}


class LanguageServer:
    """A server that was started for one folder."""

    def __init__(self, command: Path, folder: Path) -> None:
        self._folder, self._last, self._problems = folder, 0, dict[str, list[str]]()
        self._process = subprocess.Popen(
            [command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        capabilities = {"workspace": {"configuration": True}, "textDocument": _MARKDOWN}
        self._ask("initialize", processId=os.getpid(), rootUri=folder.as_uri(), capabilities=capabilities)
        self._send(method="initialized", params={})

    def completions(self, text: str) -> dict[str, str]:
        """Return what is offered at the ``|`` of a text: labels, and what they insert."""
        found = self._ask("textDocument/completion", **self._place(text))
        return {item["label"]: item.get("insertText", "") for item in found["items"]}

    def hover(self, text: str) -> str:
        """Return what is shown at the ``|`` of a text."""
        found = self._ask("textDocument/hover", **self._place(text))
        return str(found["contents"]["value"]) if found else ""

    def problems(self, text: str) -> list[str]:
        """Return what is wrong with a text, each as ``line: message``."""
        uri = self._open(text)
        while uri not in self._problems:
            self._handle(self._receive())
        return self._problems[uri]

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()

    def _place(self, text: str) -> dict[str, Any]:
        before, _, after = text.partition("|")
        position = {"line": before.count("\n"), "character": len(before) - (before.rfind("\n") + 1)}
        return {"textDocument": {"uri": self._open(before + after)}, "position": position}

    def _open(self, text: str) -> str:
        self._last += 1
        uri = (self._folder / f"{self._last}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        return uri

    def _ask(self, method: str, **params: Any) -> Any:
        self._last += 1
        number = self._last
        self._send(id=number, method=method, params=params)
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message["result"]
            self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params") or {}
        if method == "textDocument/publishDiagnostics":
            found = sorted((each["range"]["start"]["line"] + 1, each["message"]) for each in params["diagnostics"])
            self._problems[params["uri"]] = [f"{line}: {text}" for line, text in found]
        elif "id" in message:
            is_settings = method == "workspace/configuration"
            answer = [_SETTINGS if item.get("section") == "yaml" else None for item in params.get("items", [])]
            self._send(id=message["id"], result=answer if is_settings else None)

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._in.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while line := self._out.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has ended"
        message: dict[str, Any] = json.loads(self._out.read(length))
        return message

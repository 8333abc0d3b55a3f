"""A real browser for tests of pages: the installed Chromium, headless, with an ear on everything it complains of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.needs import skips

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(skips(CHROMIUM, "debian"), reason="needs Chromium")
_LOCAL = {"", "127.0.0.1", "localhost", "[::1]"}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start headless Chromium, and end it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a skipped test needs no playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Complaints(list[str]):
    """What went wrong on a page: console errors, exceptions, failed requests, and requests that leave the machine."""

    def listen(self, page: Page) -> None:
        """Note what goes wrong on a page from now on."""
        page.on("console", lambda message: self._note(message.type, message.text, message.type in {"error", "warning"}))
        page.on("pageerror", lambda error: self.append(f"exception: {error}"))
        page.on("requestfailed", lambda request: self.append(f"failed: {request.url[:200]}"))
        page.on("request", self._check_host)

    def _note(self, kind: str, text: str, is_wrong: bool) -> None:
        if is_wrong:
            self.append(f"{kind}: {text}")

    def _check_host(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and (parts.hostname or "") not in _LOCAL:
            self.append(f"leaves the machine: {request.url[:200]}")

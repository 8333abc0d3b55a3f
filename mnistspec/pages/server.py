"""The demo's server: the page, and what networks read in a picture. No request leaves anything behind."""

from __future__ import annotations

import asyncio
import logging
import math
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mnistspec.errors import MnistspecError, UsageError
from mnistspec.pages.decoder import Decoder, Prepared
from mnistspec.pages.encoding import encode
from mnistspec.pages.guard import Guard
from mnistspec.pages.naming import name_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from mnistspec.pages.network import DemoNetwork

MAX_BODY = 20 * 2**20
_PATIENCE = 20  # seconds in which a picture must arrive
_LOG = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"


def make_app(networks: Sequence[DemoNetwork], hosts: Iterable[str] = ()) -> Starlette:
    """Return the application; ``hosts`` are the names it may be called by besides its own address.

    ``GET /runs`` describes the networks. ``POST /read/image`` takes an image file, ``POST /read/pixels`` the bytes of
    an image that is prepared already; both with a ``layer`` in the query for each network.
    """
    data = networks[0].model.spec.data
    if any(network.preparation != networks[0].preparation for network in networks):
        raise UsageError("these runs take different images and cannot read the same picture; start a demo for each")
    # One picture at a time, as there is one process that decodes.
    limiter = CapacityLimiter(1)
    decoder = Decoder(data)

    async def read(request: Request, prepare: Callable[[bytes], Prepared]) -> Response:
        layers = request.query_params.getlist("layer")
        if len(layers) != len(networks):
            raise UsageError(f"the query needs a layer for each of the {len(networks)} networks")
        body = await _receive(request)
        return JSONResponse(await to_thread.run_sync(_read, networks, layers, prepare, body, limiter=limiter))

    async def read_image(request: Request) -> Response:
        return await read(request, decoder.prepare)

    async def read_pixels(request: Request) -> Response:
        return await read(request, partial(_as_image, data.input_shape))

    async def tell_runs(_request: Request) -> Response:
        tasks = {name_page(network.model.spec) for network in networks}
        task = tasks.pop() if len(tasks) == 1 else data.task if not data.subject else "Draw, or open a picture"
        runs = [network.describe() for network in networks]
        shape, is_drawn = list(data.input_shape), bool(data.subject)
        return JSONResponse({"max_bytes": MAX_BODY, "task": task, "shape": shape, "drawn": is_drawn, "runs": runs})

    async def show_page(_request: Request) -> Response:
        return FileResponse(_STATIC / "demo.html")

    return Starlette(
        routes=[
            Route("/", show_page),
            Route("/runs", tell_runs),
            Route("/read/image", read_image, methods=["POST"]),
            Route("/read/pixels", read_pixels, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={MnistspecError: _refuse, HTTPException: _refuse_http, Exception: _report},
    )


def _read(
    networks: Sequence[DemoNetwork], layers: Sequence[str], prepare: Callable[[bytes], Prepared], body: bytes
) -> dict[str, Any]:
    prepared = prepare(body)
    pixels = torch.tensor(prepared.pixels)
    answers = [network.read(pixels, layer) for network, layer in zip(networks, layers, strict=True)]
    return {"input": encode(pixels), "note": prepared.note, "runs": answers}


def _as_image(shape: tuple[int, int, int], pixels: bytes) -> Prepared:
    if len(pixels) != math.prod(shape):
        channels, height, width = shape
        rows = f"{height} rows of {width}" if channels == 1 else f"{channels} channels of {height} rows of {width}"
        raise UsageError(f"a prepared image has {math.prod(shape):,} bytes, {rows}, not {len(pixels):,}")
    return Prepared(np.frombuffer(bytearray(pixels), dtype=np.uint8).reshape(shape), "")


async def _receive(request: Request) -> bytes:
    """Return the body; refuse it as soon as it is too long, or too slow."""
    too_large = HTTPException(413, f"the picture has more than {MAX_BODY // 2**20} MB; make it smaller")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise too_large
    except ClientDisconnect:
        raise HTTPException(400, "the picture broke off") from None
    except TimeoutError:
        raise HTTPException(408, f"the picture did not arrive within {_PATIENCE} seconds") from None
    if not body:
        raise UsageError("no picture came with the request")
    return bytes(body)


async def _refuse(_request: Request, error: Exception) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if isinstance(error, UsageError) else HTTPStatus.INTERNAL_SERVER_ERROR
    return JSONResponse({"error": str(error)}, status)


async def _refuse_http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _report(_request: Request, error: Exception) -> Response:
    _LOG.error("a request of the demo failed", exc_info=error)
    return JSONResponse({"error": "the server failed; it wrote what happened where it was started"}, 500)

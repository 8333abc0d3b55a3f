"""Bytes as text, as pages take them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def encode(content: bytes | Tensor) -> str:
    """Return bytes, or the values of a tensor row by row, in base64."""
    return b64encode(content if isinstance(content, bytes) else content.numpy(force=True).tobytes()).decode()

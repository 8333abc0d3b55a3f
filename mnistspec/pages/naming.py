"""What pages are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistspec.language.spec import Spec


def name_page(spec: Spec) -> str:
    """Return the heading of a network's page: what its visitor draws, or else what the network is about."""
    return spec.data.task if spec.data.subject else spec.title or spec.data.short_name

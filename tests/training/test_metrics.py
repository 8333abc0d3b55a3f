"""Epochs as a notebook shows them."""

from __future__ import annotations

from mnistspec.training.metrics import EpochRow, Epochs


def test_a_notebook_shows_a_row_an_epoch() -> None:
    figures = {"train_loss": 0.123456, "train_accuracy": 97.126, "test_loss": 0.2, "test_accuracy": 98.0}
    epochs = Epochs([EpochRow(epoch=7, lr=0.012345, seconds=1.25, **figures)], "held-out")
    html = epochs._repr_html_()
    for text in ("held-out loss", "held-out accuracy %", "train loss", "train accuracy %", "learning rate", "seconds"):
        assert html.count(text) == 1
    places = [html.index(f">{text}<") for text in ("7", "0.0123", "0.1235", "97.13", "0.2000", "98.00", "1.2")]
    assert places == sorted(places)
    assert "test loss" in Epochs()._repr_html_()

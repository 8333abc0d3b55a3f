"""A last batch of one image for batch norm: a warning where the spec alone is known, for other data may be given."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.loader import load_document


def write(folder: Path, batch_size: int, holdout: int, layers: str) -> Path:
    path = folder / "spec.yaml"
    train = f"train: {{batch_size: {batch_size}, holdout: {holdout}}}"
    path.write_text(f"layers: [conv: 8, {layers}, fc: 10]\n{train}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("batch_size", "holdout", "layers", "message"),
    [
        (
            59_999,
            0,
            "gap, bn",
            "bn on 8 features cannot normalise the last batch of mnist: 60,000 images in batches of 59,999",
        ),
        (64, 31, "flatten, fc: 4, bn", "bn on 4 features cannot normalise the last batch of mnist: 59,969 images in"),
        (64, 31, "avgpool: 26, bn, flatten", "bn on 8x1x1 cannot normalise the last batch of mnist: 59,969 images in"),
        (59_998, 0, "gap, bn", ""),
        (60_000, 0, "gap, bn", ""),
        (64, 30, "gap, bn", ""),
        (59_999, 0, "bn, gap", ""),
        (59_999, 0, "gap, relu", ""),
    ],
)
def test_warning(tmp_path: Path, batch_size: int, holdout: int, layers: str, message: str) -> None:
    document = load_document(write(tmp_path, batch_size, holdout, layers), strict_targets=True)
    texts = [warning.render() for warning in document.warnings]
    assert len(texts) == bool(message)
    assert all(f": warning: {message}" in text and "leave one over [E303]" in text for text in texts)


def test_each_batch_norm_is_named(tmp_path: Path) -> None:
    warnings = load_document(write(tmp_path, 59_999, 0, "gap, bn, relu, fc: 20, bn")).warnings
    assert [(warning.message.split(" cannot")[0], warning.span.column) for warning in warnings] == [
        ("bn on 8 features", 24), ("bn on 20 features", 42)
    ]  # fmt: skip

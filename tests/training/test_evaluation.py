"""What is computed of logits, and what normalising leaves alone."""

from __future__ import annotations

import pytest
import torch

from mnistspec.training.evaluation import Evaluation, normalize


def test_figures_by_hand() -> None:
    nan = float("nan")
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 1.0], [nan, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = Evaluation(logits, torch.tensor([0, 1, 1, 0, 2]))
    assert found.predictions.tolist() == [0, 1, 2, 0, 1]
    assert found.accuracy == 40  # not a number is no answer
    assert found.confusion().tolist() == [[2, 0, 0], [0, 1, 1], [0, 1, 0]]
    assert found.probabilities[[0, 1, 2, 4]].sum(1).tolist() == pytest.approx([1] * 4)
    whole = Evaluation(logits[:1], torch.tensor([0]))
    assert whole.loss == pytest.approx(-torch.tensor([2.0, 0, 0]).log_softmax(0)[0].item())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_normalising_makes_a_copy(dtype: torch.dtype) -> None:
    images = torch.tensor([[[0, 51, 255]], [[0, 51, 255]]], dtype=dtype)  # two channels of one row
    grey, other = normalize(images, (0.2, 0.6), (0.5, 0.25)).squeeze(1).tolist()
    assert grey == pytest.approx([-0.4, 0, 1.6], abs=1e-6)
    assert other == pytest.approx([-2.4, -1.6, 1.6], abs=1e-6)
    assert images.tolist() == [[[0, 51, 255]], [[0, 51, 255]]]

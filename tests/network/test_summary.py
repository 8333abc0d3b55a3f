"""The summary counts what torchinfo counts, changes nothing, and its columns add up."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
import torchinfo

from mnistspec.language.loader import load_document
from mnistspec.network.builder import build_model
from mnistspec.network.summary import Summary, summarize
from tests.language.corpus_files import GOOD, settings_of
from tests.places import SPECS
from tests.shipped import SHIPPED

GOLDEN = Path(__file__).parent / "golden" / "step4.json"


def summary_of(path: Path) -> Summary:
    """Return the summary of a spec file."""
    document = load_document(path, settings_of(path))
    return summarize(document.spec, document.lines)


def test_every_shipped_spec_is_in_the_list() -> None:
    assert set(SHIPPED) == {path.stem for path in SPECS.glob("*.yaml")}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_totals(name: str) -> None:
    summary = summary_of(SPECS / f"{name}.yaml")
    assert (summary.total_params, summary.macs, summary.receptive_field) == SHIPPED[name]
    assert summary.trainable_params == summary.total_params
    assert summary.input_shape == (1, 28, 28)
    assert summary.output_shape == (10,)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_rows_are_the_arithmetic(path: Path) -> None:
    document = load_document(path, settings_of(path))
    summary = summarize(document.spec, document.lines)
    assert [dataclasses.astuple(row)[4:] for row in summary.layers] == [
        (layer.output_shape, layer.params, layer.macs, layer.kernel, layer.stride, layer.jump, layer.receptive_field)
        for layer in document.layers
    ]
    assert [row.line for row in summary.layers] == list(document.lines)
    assert sum(row.params for row in summary.layers) == summary.total_params == summary.trainable_params
    assert sum(row.macs for row in summary.layers) == summary.macs
    assert (document.spec.params, document.spec.macs) == (summary.total_params, summary.macs)


@pytest.mark.parametrize("step", range(1, 7))
def test_totals_are_torchinfos(step: int) -> None:
    document = load_document(SPECS / f"step{step}.yaml")
    model = build_model(document.spec)
    theirs = torchinfo.summary(model, input_data=torch.zeros(1, 1, 28, 28), mode="eval", verbose=0)
    norms = sum(layer.params for layer in document.layers if layer.block.word == "bn")
    ours = summarize(document.spec)
    assert ours.total_params == theirs.total_params
    # torchinfo counts a batch norm's weights as one multiply-accumulate each; these networks have no biases.
    assert ours.macs == theirs.total_mult_adds - norms


def test_nothing_is_drawn_printed_or_changed(capsys: pytest.CaptureFixture[str]) -> None:
    document = load_document(SPECS / "step6.yaml")
    torch.manual_seed(3)
    model = build_model(document.spec)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    stream = torch.get_rng_state()
    summarize(document.spec)
    assert capsys.readouterr().out == ""
    assert torch.equal(stream, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert torch.get_default_device() == torch.device("cpu")


def test_without_lines() -> None:
    assert {row.line for row in summarize(load_document(SPECS / "step1.yaml").spec).layers} == {None}


def test_golden_step_4(*, regenerate: bool) -> None:
    summary = dataclasses.asdict(summary_of(SPECS / "step4.yaml"))
    if regenerate:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden == json.loads(json.dumps(summary))
    for total, column in (("total_params", "params"), ("macs", "macs")):
        assert golden[total] == sum(row[column] for row in golden["layers"])
    field = jump = 1
    for row in golden["layers"]:
        field += (row["kernel"] - 1) * jump
        jump *= row["stride"]
        assert (row["jump"], row["receptive_field"]) == (jump, field)

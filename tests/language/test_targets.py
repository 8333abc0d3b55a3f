"""Targets that no training can reach are warnings, and errors if that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistspec.language.loader import load_document
from mnistspec.language.yaml.diagnostics import InvalidSpecError
from tests.places import SPECS

NET = "layers: [conv: 8, gap, fc: 10]\n"  # 80 + 90 parameters


@pytest.mark.parametrize(
    ("targets", "place", "message"),
    [
        ("{max_params: 169}", "3:23", "max_params is 169, but there are 170 parameters"),
        ("{max_epochs: 2}", "3:23", "max_epochs is 2, but there are 3 epochs"),
        ("{min_test_accuracy: 99, last_epochs: 4}", "3:47", "last_epochs is 4, but there are 3 epochs"),
        ("{max_params: 170, max_epochs: 3, min_test_accuracy: 99, last_epochs: 3}", "", ""),
        ("{max_epochs: 1}", "3:23", "max_epochs is 1, but there are 3 epochs"),
        ("{min_test_accuracy: 100}", "", ""),
        ("{max_params: 171, max_epochs: 4, min_test_accuracy: 0, last_epochs: 2}", "", ""),
    ],
)
def test_targets_of_three_epochs(tmp_path: Path, targets: str, place: str, message: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f"{NET}train: {{epochs: 3}}\ntargets: {targets}\n", encoding="utf-8")
    warnings = load_document(path).warnings
    if not message:
        assert load_document(path, strict_targets=True).warnings == warnings == ()
        return
    (warning,) = warnings
    assert warning.render().splitlines()[0] == f"{path}:{place}: warning: {message} [E401]"
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path, strict_targets=True)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("E401", message)
    assert diagnostic.span.where == f"{path}:{place}"
    assert diagnostic.help


def test_all_of_them_at_once_and_none_about_a_network_with_other_errors(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    targets = "targets: {max_params: 1, max_epochs: 1}\n"
    path.write_text(NET + targets, encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path, strict_targets=True)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["E401", "E401"]
    path.write_text("layers: [conv: 8, maxpol, gap, fc: 10]\n" + targets, encoding="utf-8")
    with pytest.raises(InvalidSpecError) as caught:
        load_document(path, strict_targets=True)
    assert "E204" in [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_a_target_that_was_set_is_shown_where_it_was_set(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(NET, encoding="utf-8")
    with pytest.raises(InvalidSpecError, match=r"--set:1:20: max_params is 5"):
        load_document(path, ["targets.max_params=5"], strict_targets=True)


def test_the_shipped_specs_can_reach_their_targets() -> None:
    for path in SPECS.glob("*.yaml"):
        load_document(path, strict_targets=True)

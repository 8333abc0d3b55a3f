"""``mnistspec export``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnistspec.cli.console import print_json, print_result, print_warning
from mnistspec.cli.options import Best, DataDir, Json, RunFolder
from mnistspec.cli.outputs import check_output
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from mnistspec.runs.trained import TrainedModel


def export(
    run: RunFolder,
    onnx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write ONNX, checked on the whole test set.", show_default=False),
    ] = None,
    safetensors: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the weights as safetensors.", show_default=False)
    ] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Let the ONNX file take pixels in [0, 1] and normalise them itself.")
    ] = False,
    best: Best = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write a trained network for other programs, with its model card in the file.

    Example: mnistspec export runs/step6/20260101T120000Z-1a2b3c --onnx step6.onnx --normalize
    """
    if onnx is None and safetensors is None:
        raise UsageError("say what to write: --onnx FILE or --safetensors FILE")
    if normalize and onnx is None:
        raise UsageError("--normalize is for --onnx: safetensors hold weights; mean and std are in their metadata")
    for path in (onnx, safetensors):
        if path is not None:
            check_output(path)

    from mnistspec.runs.export import export_safetensors, make_card
    from mnistspec.runs.folder import RunDir

    folder, weights = RunDir(run), "best" if best else "model"
    model = folder.load_model(weights)
    report: dict[str, Any] = {"run": str(run), "card": make_card(folder, weights, normalized=normalize)}
    lines = []
    if onnx is not None:
        report["onnx"], line = _export_onnx(onnx, model, report["card"], data_dir, normalize=normalize)
        lines.append(line)
    if safetensors is not None:
        export_safetensors(safetensors, model, make_card(folder, weights, normalized=False))
        report["safetensors"] = {"file": str(safetensors), "bytes": safetensors.stat().st_size}
        lines.append(f"{safetensors}: {report['card']['parameters']:,} parameters and what belongs to them")
    if as_json:
        print_json(report)
    else:
        print_result("\n".join(lines))


def _export_onnx(
    path: Path, model: TrainedModel, card: dict[str, Any], data_dir: Path | None, *, normalize: bool
) -> tuple[dict[str, Any], str]:
    """Write the file; return what is to be said of it, as data and as text."""
    from mnistspec.data.datasets import load_dataset
    from mnistspec.runs.export import export_onnx

    data = load_dataset(model.spec.data, data_dir=data_dir)
    if data.digest != card["data_sha256"]:
        print_warning(f"the run was trained on other files of {data.name} than those whose test set checks the export")
    check = export_onnx(path, model, card, data, normalized=normalize)
    takes = "pixels in [0, 1]" if normalize else f"(pixels in [0, 1] - {model.mean:.6g}) / {model.std:.6g}"
    line = (
        f"{path}: {card['parameters']:,} parameters, takes {takes}\n"
        f"  in onnxruntime the same predictions for all {check.images:,} test images, {check.accuracy:.2f} % right; "
        f"logits within {check.largest_difference:.1e}"
    )
    return {"file": str(path), "bytes": path.stat().st_size, **asdict(check)}, line

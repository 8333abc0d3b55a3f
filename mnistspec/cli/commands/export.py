"""``mnistspec export``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mnistspec.cli.console import print_json, print_message, print_result, print_warning
from mnistspec.cli.options import Best, DataDir, Json, RunFolder, check_data, check_output
from mnistspec.cli.registration import Panel, command
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from mnistspec.data.dataset import Dataset
    from mnistspec.export.onnx import OnnxCheck
    from mnistspec.runs.trained import TrainedModel


_Onnx: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write ONNX, checked on the whole test set.", show_default=False)
]
_Safetensors: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the weights as safetensors.", show_default=False)
]
_Page: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write a page to draw on: one HTML file that needs neither Python nor a network.",
        show_default=False,
    ),
]
_Normalize: TypeAlias = Annotated[
    bool, typer.Option("--normalize", help="Have the ONNX file take pixels in [0, 1] and normalise them itself.")
]
_Runtime: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the npm package onnxruntime-web for the page.",
        show_default="the one in ./node_modules, or one that npm fetches once",
    ),
]


@command(
    Panel.SHARE,
    1,
    "Write a trained network for other programs, with its model card in the file.",
    example="mnistspec export runs/step6/20260101T120000Z-1a2b3c --onnx step6.onnx --normalize",
)
def export(
    run: RunFolder,
    onnx: _Onnx = None,
    safetensors: _Safetensors = None,
    page: _Page = None,
    normalize: _Normalize = False,
    runtime: _Runtime = None,
    best: Best = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    _check_call(onnx, safetensors, page, runtime, normalize=normalize)

    from mnistspec.runs.folder import RunDir

    folder, weights = RunDir(run), "best" if best else "model"
    check_data(folder.spec.data.word, data_dir)

    from mnistspec.export.card import make_card
    from mnistspec.runs.weights import save_tensors

    model = folder.load_model(weights)
    report: dict[str, Any] = {"run": str(run), "card": make_card(folder, weights, normalized=normalize)}
    lines = []
    if onnx is not None:
        report["onnx"], line = _export_onnx(onnx, model, report["card"], data_dir, normalize=normalize)
        lines.append(line)
    if safetensors is not None:
        save_tensors(safetensors, model.network.state_dict(), make_card(folder, weights, normalized=False))
        report["safetensors"] = {"file": str(safetensors), "bytes": safetensors.stat().st_size}
        lines.append(f"{safetensors}: {report['card']['parameters']:,} parameters and what belongs to them")
    if page is not None:
        card = {**make_card(folder, weights, normalized=True), "run": folder.path.resolve().name}
        report["page"], line = _export_page(page, model, card, data_dir, runtime)
        lines.append(line)
    if as_json:
        print_json(report)
    else:
        print_result("\n".join(lines))


def _check_call(
    onnx: Path | None, safetensors: Path | None, page: Path | None, runtime: Path | None, *, normalize: bool
) -> None:
    """Raise UsageError for options that do not fit together and files that cannot be written."""
    if onnx is None and safetensors is None and page is None:
        raise UsageError("say what to write: --onnx FILE, --safetensors FILE or --page FILE.html")
    if normalize and onnx is None:
        other = (
            "safetensors hold weights; mean and std are in their metadata" if page is None else "a page does so always"
        )
        raise UsageError(f"--normalize is for --onnx: {other}")
    if runtime is not None and page is None:
        raise UsageError("--runtime is for --page")
    for path, suffixes in ((onnx, ()), (safetensors, ()), (page, (".html", ".htm"))):
        if path is not None:
            check_output(path, *suffixes)


def _export_onnx(
    path: Path, model: TrainedModel, card: dict[str, Any], data_dir: Path | None, *, normalize: bool
) -> tuple[dict[str, Any], str]:
    """Write the file; return what is to be said of it, as data and as text."""
    from mnistspec.export.onnx import export_onnx

    check = export_onnx(path, model, card, _load_data(model, card, data_dir), normalized=normalize)
    takes = "pixels in [0, 1]" if normalize else f"(pixels in [0, 1] - {model.mean:.6g}) / {model.std:.6g}"
    line = f"{path}: {card['parameters']:,} parameters, takes {takes}\n{_describe(check)}"
    return {"file": str(path), "bytes": path.stat().st_size, **asdict(check)}, line


def _export_page(
    path: Path, model: TrainedModel, card: dict[str, Any], data_dir: Path | None, folder: Path | None
) -> tuple[dict[str, Any], str]:
    """Write the page; return what is to be said of it, as data and as text."""
    from mnistspec.export.onnx import require_packages
    from mnistspec.pages.offline import export_page
    from mnistspec.pages.runtime import PACKAGE, VERSION, cache_folder, fetch_runtime, find_runtime

    require_packages()  # before anything is fetched
    runtime = find_runtime(folder)
    if runtime is None:
        print_message(f"fetching {PACKAGE} {VERSION} with npm into {cache_folder()}: 33 MB, this once")
        runtime = fetch_runtime()
    check = export_page(path, model, card, _load_data(model, card, data_dir), runtime)
    size = path.stat().st_size
    line = (
        f"{path}: a page of {size / 1e6:.1f} MB that needs neither Python nor a network; "
        f"{card['parameters']:,} parameters, {PACKAGE} {runtime.version}\n{_describe(check)}"
    )
    runs_with = {"runtime": str(runtime.folder), "runtime_version": runtime.version}
    return {"file": str(path), "bytes": size, **asdict(check), **runs_with}, line


def _load_data(model: TrainedModel, card: dict[str, Any], data_dir: Path | None) -> Dataset:
    """Return the data set whose test images check the export."""
    from mnistspec.data.dataset import load_dataset

    data = load_dataset(model.spec.data.word, data_dir=data_dir)
    if data.digest != card["data_sha256"]:
        print_warning(f"the run was trained on other files of {data.name} than those whose test set checks the export")
    return data


def _describe(check: OnnxCheck) -> str:
    return (
        f"  in onnxruntime the same predictions for all {check.images:,} test images, {check.accuracy:.2f} % right; "
        f"logits within {check.largest_difference:.1e}"
    )

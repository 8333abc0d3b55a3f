"""``mnistspec export``."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mnistspec.cli.console import print_json, print_message, print_written
from mnistspec.cli.options import Best, DataDir, Json, Latest, RunFolder, check_output, output_option
from mnistspec.cli.reading import check_data
from mnistspec.cli.registration import Panel, command
from mnistspec.cli.runs import choose_run, load_run_data
from mnistspec.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mnistspec.data.dataset import Dataset
    from mnistspec.export.onnx import OnnxCheck
    from mnistspec.runs.trained import TrainedModel


_FORMS = {".onnx": "onnx", ".safetensors": "safetensors", ".html": "page"}

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
    output: Annotated[Path | None, output_option(*_FORMS)] = None,
    onnx: _Onnx = None,
    safetensors: _Safetensors = None,
    page: _Page = None,
    normalize: _Normalize = False,
    runtime: _Runtime = None,
    latest: Latest = False,
    best: Best = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    files = _choose_files(output, {"onnx": onnx, "safetensors": safetensors, "page": page})
    _check_call(files, runtime, normalize=normalize)
    folder, weights = choose_run(run, latest=latest), "best" if best else "model"
    check_data(folder.spec.data, data_dir)

    from mnistspec.export.card import make_card
    from mnistspec.runs.weights import save_tensors

    model = folder.load_model(weights)
    report: dict[str, Any] = {"run": str(folder.path), "card": make_card(folder, weights, normalized=normalize)}
    notes, load = [], cache(lambda: load_run_data(folder, data_dir))
    if path := files.get("onnx"):
        report["onnx"], note = _export_onnx(path, model, report["card"], load(), normalize=normalize)
        notes.append(("onnx", path, note))
    if path := files.get("safetensors"):
        save_tensors(path, model.network.state_dict(), make_card(folder, weights, normalized=False))
        report["safetensors"] = {"file": str(path), "bytes": path.stat().st_size}
        parameters = f"{report['card']['parameters']:,} parameters and what belongs to them"
        notes.append(("safetensors", path, parameters))
    if path := files.get("page"):
        card = {**make_card(folder, weights, normalized=True), "run": folder.path.resolve().name}
        report["page"], note = _export_page(path, model, card, load, runtime)
        notes.append(("page", path, note))
    if as_json:
        print_json(report)
        return
    for what, path, note in notes:
        print_written(what, path, note)


def _choose_files(output: Path | None, given: dict[str, Path | None]) -> dict[str, Path]:
    """Return the file of each form that is asked for; raise UsageError where two are."""
    files = {form: path for form, path in given.items() if path is not None}
    if output is not None:
        form = _FORMS[output.suffix.lower()]
        if form in files:
            raise UsageError(f"--output {output}: --{form} {files[form]} asks for the same; give one of them")
        files[form] = output
    return files


def _check_call(files: dict[str, Path], runtime: Path | None, *, normalize: bool) -> None:
    """Raise UsageError for options that do not fit together and files that cannot be written."""
    if not files:
        raise UsageError("say what to write: -o FILE.onnx, -o FILE.safetensors or -o FILE.html")
    if normalize and "onnx" not in files:
        other = (
            "a page does so always"
            if "page" in files
            else "safetensors hold weights; mean and std are in their metadata"
        )
        raise UsageError(f"--normalize is for ONNX: {other}")
    if runtime is not None and "page" not in files:
        raise UsageError("--runtime is for --page: only a page carries a runtime")
    for form, path in files.items():
        check_output(path, *((".html", ".htm") if form == "page" else ()))


def _export_onnx(
    path: Path, model: TrainedModel, card: dict[str, Any], data: Dataset, *, normalize: bool
) -> tuple[dict[str, Any], str]:
    """Write the file; return what is to be said of it, as data and as text."""
    from mnistspec.export.onnx import export_onnx

    check = export_onnx(path, model, card, data, normalized=normalize)
    mean, std = (" ".join(f"{each:.6g}" for each in values) for values in (model.mean, model.std))
    takes = "pixels in [0, 1]" if normalize else f"(pixels in [0, 1] - {mean}) / {std}"
    note = f"{card['parameters']:,} parameters, takes {takes}\n{_describe(check)}"
    return {"file": str(path), "bytes": path.stat().st_size, **asdict(check)}, note


def _export_page(
    path: Path, model: TrainedModel, card: dict[str, Any], load: Callable[[], Dataset], folder: Path | None
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
    check = export_page(path, model, card, load(), runtime)
    size = path.stat().st_size
    note = (
        f"{size / 1e6:.1f} MB that need neither Python nor a network; "
        f"{card['parameters']:,} parameters, {PACKAGE} {runtime.version}\n{_describe(check)}"
    )
    runs_with = {"runtime": str(runtime.folder), "runtime_version": runtime.version}
    return {"file": str(path), "bytes": size, **asdict(check), **runs_with}, note


def _describe(check: OnnxCheck) -> str:
    return (
        f"  in onnxruntime the same predictions for all {check.images:,} test images, {check.accuracy:.2f} % right; "
        f"logits within {check.largest_difference:.1e}"
    )

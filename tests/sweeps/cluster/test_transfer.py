"""Run folders as parcels: what comes out is what went in, and nothing is written outside of the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistspec.errors import CorruptError, MnistspecError
from mnistspec.sweeps.cluster.arrival import Task, place_folder
from mnistspec.sweeps.cluster.transfer import MAX_FILES, Transfer
from mnistspec.sweeps.grid import make_grid
from tests.profiles import examples
from tests.sweeps.fakes import make_run, write_spec

NAME = "20260101T000000Z-1a2b3c"
NAMES = ["resolved.yaml", "model.safetensors", "events.out.tfevents.1.host", "checkpoints/00001-0000000.safetensors"]


@examples(20)  # each writes files, and waits for the disk
@given(files=st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=200)))
def test_a_folder_comes_out_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    folder, other = tmp_path_factory.mktemp("from") / NAME, tmp_path_factory.mktemp("to") / NAME
    folder.mkdir()
    Transfer.pack(NAME, files).unpack(folder)
    transfer = Transfer.pack_folder(folder)
    assert transfer == Transfer.pack(NAME, files)
    assert transfer.size == sum(map(len, files.values()))
    transfer.unpack(other)
    assert {
        path.relative_to(other).as_posix(): path.read_bytes() for path in other.rglob("*") if path.is_file()
    } == files


def test_locks_links_and_halves_of_files_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    for name in ("checkpoints/lock", "metrics.csv.12.partial", "result.json"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "model.safetensors").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").rename(tmp_path.parent / "secret")
    assert Transfer.pack_folder(tmp_path).files.keys() == {"result.json"}


@pytest.mark.parametrize(
    "name",
    [
        "../x", "/etc/x", "a/../x", "..", ".", "", "a/b/c", "a\\b", "C:x", "a\0", "a\n", ".ssh/x", ".x", "x.partial",
        "checkpoints/lock",
    ],
)  # fmt: skip
def test_a_path_that_is_no_runs_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    transfer = Transfer.pack(NAME, {"resolved.yaml": b"x", name: b"x"})
    with pytest.raises(CorruptError, match="which mnistspec puts into none"):
        transfer.unpack(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["..", "a", "../20260101T000000Z-1a2b3c", "20260101T000000Z-1a2b3c/..", f"{NAME}\n"])
def test_a_name_that_is_no_runs_is_refused(name: str) -> None:
    with pytest.raises(CorruptError, match="came with the name"):
        Transfer.pack(name, {}).check()


@given(files=st.dictionaries(st.sampled_from(NAMES), st.binary(min_size=1, max_size=50), min_size=1), data=st.data())
def test_any_change_on_the_way_is_noticed(files: dict[str, bytes], data: st.DataObject) -> None:
    transfer = Transfer.pack(NAME, files)
    name = data.draw(st.sampled_from(sorted(files)))
    changed = data.draw(st.sampled_from([None, b"", files[name] + b"x", bytes([files[name][0] ^ 1]) + files[name][1:]]))
    others = {key: value for key, value in files.items() if key != name}
    with pytest.raises(CorruptError, match="damaged on its way"):
        replace(transfer, files=others if changed is None else {**others, name: changed}).check()


def test_too_much_is_refused_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"file{number}": b"" for number in range(MAX_FILES + 1)}
    with pytest.raises(MnistspecError, match="train this run with mnistspec train"):
        Transfer.pack(NAME, many)
    with pytest.raises(CorruptError, match="more than"):
        Transfer(NAME, many, "").check()
    transfer = Transfer.pack(NAME, {"model.safetensors": bytes(100)})
    monkeypatch.setattr("mnistspec.sweeps.cluster.transfer.MAX_BYTES", 99)
    with pytest.raises(CorruptError, match="more than"):
        transfer.check()
    with pytest.raises(MnistspecError, match="travel over a cluster"):
        Transfer.pack(NAME, transfer.files)


def test_a_folder_arrives_under_its_name_and_nothing_beside_it(tmp_path: Path) -> None:
    (job,) = make_grid([write_spec(tmp_path)], [])
    folder = make_run(tmp_path / "worker", job.spec, 91.0)
    place = place_folder(tmp_path / "sweep", Task(job, None), Transfer.pack_folder(folder))
    assert place == tmp_path / "sweep" / "tiny" / folder.name
    assert list((tmp_path / "sweep").iterdir()) == [place.parent]
    assert list(place.parent.iterdir()) == [place]
    (tmp_path / "file").touch()
    with pytest.raises(MnistspecError, match=f"cannot write {tmp_path / 'file'}"):
        place_folder(tmp_path / "file", Task(job, None), Transfer.pack_folder(folder))

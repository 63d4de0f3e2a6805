from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from nodulescope.apps.cli.data import stacks
from nodulescope.apps.cli.main import run
from nodulescope.bundles.contracts import Candidate, CTSource, CTVolume, LungMask
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS


@pytest.fixture
def nodules(tmp_path: Path) -> Path:
    """Six patients with one ball each."""
    folder = tmp_path / "nodules"
    folder.mkdir()
    ball = np.linalg.norm(np.moveaxis(np.indices((9, 64, 64)), 0, -1) - (4.0, 31.5, 31.5), axis=-1) <= 4.0
    np.savez(
        folder / "nodules_64x64.npz",
        image=np.where([ball] * 6, 190, 30).reshape(-1, 64, 64).astype(np.uint8),
        mask=(np.array([ball] * 6) * 3).reshape(-1, 64, 64).astype(np.uint8),
    )
    columns = ["key", "patient", "series_uid", "first_slice", "n_slices", "spacing_x", "dz_mm", *(f"{r}_readers" for r in READER_RATINGS)]
    with (folder / "nodules.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for n in range(6):
            row = {"key": f"n{n}", "patient": f"LIDC-IDRI-000{n + 3}", "first_slice": 9 * n, "n_slices": 9, "spacing_x": 1.0, "dz_mm": 1.0}
            writer.writerow({**row, **{f"{r}_readers": "3;4" for r in READER_RATINGS}})
    return folder


def searched(_: Path) -> tuple[CTVolume, LungMask, list[Candidate]]:
    affine = np.eye(4)
    hu = np.full((150, 130, 120), 40.0, np.float32)
    labels = np.zeros(hu.shape, np.uint8)
    labels[10:140, 10:120, 10:110] = 1
    hu[labels > 0] = -860.0
    hu[100:103, 60:63, 20:100] = 50.0
    return CTVolume(hu, affine, CTSource("phantom")), LungMask(labels, affine, True), [Candidate((101.0, 61.0, 60.0), 5.0, 0.8, 1.0)]


def test_one_command_makes_every_datalist(tmp_path: Path, nodules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "_searched", searched)
    out = tmp_path / "out"
    command = ["data", "stacks", str(nodules), "--host", str(tmp_path), "--host-patient", "LIDC-IDRI-0003", "--lesion", "40,60,60,20"]
    assert run([*command, "--scans", "1", "-o", str(out), "--quiet"]) == 0
    parts = json.loads((out / "cubes" / "datalist.json").read_text())
    everyone = [*parts["training"], *parts["validation"]]
    assert {i["patient"] for i in everyone if i["nodule"]} == {f"LIDC-IDRI-000{n}" for n in range(4, 9)}  # the host's own is left out
    assert len(list((out / "cubes").glob("datalist_fold*.json"))) == 5
    (scan,) = json.loads((out / "scans" / "scans.json").read_text())["training"]
    assert scan["box_class"][-1] == 1  # the lesion
    assert scan["box"][-1] == pytest.approx([40, 60, 60, 20, 20, 20], abs=0.01)


@pytest.mark.parametrize(("extra", "told"), [(["--lesion", "1,2,3"], "--lesion 1,2,3"), ([], "nodules.csv")])
def test_what_is_missing_is_named_in_one_line(
    tmp_path: Path, nodules: Path, extra: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = nodules if extra else tmp_path
    assert run(["data", "stacks", str(source), "--host", str(tmp_path), "-o", str(tmp_path / "out"), *extra]) in (2, 3)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.bundles.data.phantoms.scanner import draw_scanner
from nodulescope.bundles.data.phantoms.streams import Stream, generator
from nodulescope.operators.reading import read_ct

SEED = 11
"""A phantom on a scanner with 3 mm slices, the quickest to make."""


@pytest.mark.slow
def test_a_phantom_is_made_with_its_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["phantom", "-o", str(tmp_path), "--seed", str(SEED)]) == 0
    folder = tmp_path / f"phantom_{SEED:05d}"
    assert capsys.readouterr().out.splitlines() == [str(folder)]
    assert sorted(file.name for file in folder.iterdir()) == ["dicom", "lungs.nii.gz", "nodules.nii.gz", "truth.json"]
    scanner = draw_scanner(generator(SEED, Stream.SCANNER))
    ct = read_ct(folder)
    assert ct.spacing_mm == pytest.approx(scanner.spacing_mm, abs=1e-4)
    assert len(json.loads((folder / "truth.json").read_text(encoding="utf-8"))["nodules"]) >= 0
    assert ct.source.series_instance_uid == json.loads((folder / "truth.json").read_text(encoding="utf-8"))["series_instance_uid"]


@pytest.mark.slow
def test_training_data_is_made_with_both_datalists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--quiet", "phantom", "-o", str(tmp_path), "--seed", str(SEED), "--datalist"]) == 0
    assert capsys.readouterr() == ("", "")
    scans = json.loads((tmp_path / "scans.json").read_text(encoding="utf-8"))
    cubes = json.loads((tmp_path / "cubes" / "datalist.json").read_text(encoding="utf-8"))
    assert (len(scans["training"]), len(scans["validation"])) == (1, 0)
    assert (tmp_path / scans["training"][0]["image"]).is_file()
    assert len(cubes["training"]) > len(scans["training"][0]["box"])


def test_balance_is_for_training_data_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["phantom", "-o", str(tmp_path), "--balanced"]) == 2
    assert "--datalist" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

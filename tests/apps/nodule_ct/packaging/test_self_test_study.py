from __future__ import annotations

import json
from pathlib import Path

from pydicom import dcmread


def test_the_study_is_small_and_holds_one_nodule(context: Path) -> None:
    study = context / "self-test"
    truth = json.loads((study / "truth.json").read_text(encoding="utf-8"))
    (nodule,) = truth["nodules"]
    assert (nodule["kind"], round(nodule["mean_diameter_mm"])) == ("solid", 14)
    slices = sorted((study / "dicom").iterdir())
    header = dcmread(slices[0], stop_before_pixels=True)
    assert header.SeriesInstanceUID == truth["series_instance_uid"]
    assert str(header.PatientName).startswith("Phantom^")
    assert sorted(path.name for path in study.iterdir()) == ["dicom", "truth.json"]
    assert sum(path.stat().st_size for path in study.rglob("*")) < 5_000_000

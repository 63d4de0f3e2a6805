from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from nodulescope.apps.cli.main import run


@pytest.fixture
def datalist(tmp_path: Path) -> Callable[..., Path]:
    """Write a datalist of one cube with a nodule: ``datalist(ratings=[...])``."""

    def write(**changes: Any) -> Path:
        index = np.moveaxis(np.indices((32, 32, 32)), 0, -1) - 15.5
        inside = np.linalg.norm(index, axis=-1) < 5.0
        nibabel.save(nibabel.Nifti1Image(np.where(inside, 20, -850).astype(np.int16), np.eye(4)), tmp_path / "a.nii")
        nibabel.save(nibabel.Nifti1Image(inside.astype(np.uint8), np.eye(4)), tmp_path / "a_outline.nii")
        item = {"image": "a.nii", "label": "a_outline.nii", "nodule": 1, "patient": "p1", "ratings": [[3, 3, 3, 3, 3, 3, 3, 6]], **changes}
        path = tmp_path / "datalist.json"
        path.write_text(json.dumps({"training": [item]}), encoding="utf-8")
        return path

    return write


def test_a_datalist_in_order_ends_with_0(datalist: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "check", str(datalist())]) == 0
    out, err = capsys.readouterr()
    assert out == "1 item with 1 annotation: 0 errors, 0 warnings, 0 notes.\n"
    assert "[1/1] Checking items" in err


def test_an_error_is_one_line_and_ends_with_3(datalist: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = datalist(ratings=[[9, 3, 3, 3, 3, 3, 3, 6]], patient=None)
    assert run(["data", "check", str(path)]) == 3
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[:4] == [
        "Errors",
        (
            "a.nii: a: rating-out-of-range: reader 1 gave 9 for malignancy, which goes from 1 to 5; "
            "correct the rating, or write null where a reader gave none"
        ),
        "Warnings",
        "a.nii: no-patient: it names no patient; name the patient, or a pseudonym, under `patient`",
    ]
    assert lines[-1] == "1 item with 1 annotation: 1 error, 1 warning, 0 notes."
    assert err.splitlines()[-1] == f"nodulescope: {path}: 1 error would spoil training; correct the items that are named, then check again"


def test_a_warning_alone_ends_with_0(datalist: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "check", str(datalist(patient=None)), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_all_there_is_on_standard_output(datalist: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = datalist(label="gone.nii")
    assert run(["data", "check", str(path), "--json", "--least-readers", "2", "-q"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["datalist"], found["items"], found["annotations"], found["least_readers"]) == (str(path), 1, 1, 2)
    assert (found["errors"], found["warnings"], found["notes"]) == (1, 0, 0)
    assert found["counts"] == {"unreadable": 1}
    assert found["violations"][0]["annotation"] == "a"


def test_a_missing_datalist_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "check", str(tmp_path / "none.json")]) == 3
    assert capsys.readouterr().err.startswith(f"nodulescope: {tmp_path / 'none.json'}: there is no such datalist")

"""Broken and odd DICOM through the command: exit status 3, one line that names the place, the rule and what to do, and no output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset

from nodulescope.apps.cli.main import run
from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.operators.dicom.ct_series import write_ct_series


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    """Sixteen slices of a body in air."""
    hu = np.full((48, 48, 16), -1000.0, dtype=np.float32)
    hu[8:40, 8:40] = 40.0
    hu[14:34, 14:34] = -850.0
    affine = np.diag([8.0, 8.0, 2.5, 1.0])
    return list(write_ct_series(CTVolume(hu, affine, CTSource("phantom")), tmp_path / "study", patient_id="P1", patient_name="Secret^Name"))


def change(files: Sequence[Path], edit: Callable[[int, FileDataset], None]) -> None:
    """Edit the headers of some files in place."""
    for number, file in enumerate(files):
        dataset = dcmread(file)
        edit(number, dataset)
        dataset.save_as(file)


def shift(dataset: FileDataset, along: int, by_mm: float) -> None:
    position = [float(v) for v in dataset.ImagePositionPatient]
    position[along] += by_mm
    dataset.ImagePositionPatient = position


def missing_slice(files: list[Path]) -> None:
    files[7].unlink()


def two_at_one_place(files: list[Path]) -> None:
    change(files[4:5], lambda _, d: shift(d, 2, -2.5))


def uneven(files: list[Path]) -> None:
    change(files[4:5], lambda _, d: shift(d, 2, 0.8))


def one_aside(files: list[Path]) -> None:
    change(files[6:7], lambda _, d: shift(d, 0, 30.0))


def leaning_too_far(files: list[Path]) -> None:
    change(files, lambda n, d: shift(d, 1, 2.5 * n))


def two_frames_of_reference(files: list[Path]) -> None:
    change(files[9:], lambda _, d: setattr(d, "FrameOfReferenceUID", "1.2.3"))


def no_rescale(files: list[Path]) -> None:
    change(files[3:4], lambda _, d: delattr(d, "RescaleSlope"))


def forgotten_intercept(files: list[Path]) -> None:
    change(files, lambda _, d: setattr(d, "RescaleIntercept", float(d.RescaleIntercept) + 1024))


def halved_slope(files: list[Path]) -> None:
    change(files, lambda _, d: setattr(d, "RescaleSlope", 0.5))


def truncated(files: list[Path]) -> None:
    files[5].write_bytes(files[5].read_bytes()[:-500])


def only_localizers(files: list[Path]) -> None:
    change(files, lambda _, d: setattr(d, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))


def two_patients(files: list[Path]) -> None:
    change(files[8:], lambda _, d: setattr(d, "PatientID", "P2"))


@pytest.mark.parametrize(
    ("break_it", "rule", "advice"),
    [
        (missing_slice, "1 slice(s) missing between z = 15.00 mm and z = 20.00 mm", "fetch the whole series"),
        (two_at_one_place, "1 position(s) hold more than one slice", "give one acquisition or phase only"),
        (uneven, "its slices are not evenly spaced", "give a series of one slice spacing"),
        (one_aside, "its slices do not lie in one line", "give one reconstruction only"),
        (leaning_too_far, "its slices lean by 45.0 degrees", "reconstruct the series again"),
        (two_frames_of_reference, "its slices have 2 frames of reference", "give one acquisition only"),
        (no_rescale, "ct-0004.dcm: RescaleSlope is missing", "export it again"),
        (forgotten_intercept, "its values do not look like Hounsfield units", "Give the CT in Hounsfield units"),
        (halved_slope, "its values do not look like Hounsfield units", "Hounsfield units"),
        (truncated, "ct-0006.dcm: its pixel data is truncated or damaged", "copy or export it again"),
        (only_localizers, "holds only localizers (scout views)", "name the folder of a chest CT"),
        (two_patients, "holds CT of 2 patients", "name the folder of one patient"),
    ],
)
def test_a_broken_series_is_refused_with_its_rule(
    break_it: Callable[[list[Path]], None], rule: str, advice: str, series: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it(series)
    assert run(["analyze", str(tmp_path / "study"), "-o", str(tmp_path / "out"), "--quiet"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"nodulescope: {tmp_path / 'study'}")
    assert err.count("\n") == 1
    assert rule in err
    assert advice in err
    assert "Secret" not in err
    assert not (tmp_path / "out").exists()


def test_a_series_that_is_not_there_is_told_with_those_that_are(
    series: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    present = str(dcmread(series[0], stop_before_pixels=True).SeriesInstanceUID)
    assert run(["analyze", str(tmp_path / "study"), "-o", str(tmp_path / "out"), "--series", "1.2.3.4", "-q"]) == 3
    err = capsys.readouterr().err
    assert err == f"nodulescope: {tmp_path / 'study'}: holds no CT series 1.2.3.4; it holds {present}\n"


@pytest.mark.parametrize(
    ("folder", "rule"),
    [
        ("broken-series/gantrytilting/001", "4 slices are too few"),
        ("broken-series/slicecount/001", "holds no CT image, only MR (2)"),
        ("broken-series/sliceincrement/001", "1 slice(s) missing between z = 28.11 mm and z = 38.11 mm"),
        ("broken-series/sliceincrement/002", "1 slice(s) missing between"),
        ("broken-series/sliceorientation/001", "holds no CT image, only MR (4)"),
        ("transfer-syntaxes", "1 position(s) hold more than one slice"),
        ("multiframe", "holds CT of 2 patients"),
        ("multiframe/mf.dcm", "3 slices are too few"),
        ("multiframe/eCT_Supplemental.dcm", "holds only localizers (scout views), projections or parameter maps"),
    ],
)
def test_real_odd_dicom(folder: str, rule: str, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = shared_data / "odd-dicom" / folder
    assert run(["analyze", str(source), "-o", str(tmp_path / "out"), "--quiet"]) == 3
    err = capsys.readouterr().err
    assert err.startswith(f"nodulescope: {source}: ")
    assert rule in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import nibabel
import numpy as np
from pydicom import dcmread

from nodulescope.apps.cli.phantom_study import write_phantom_pair, write_phantom_study
from nodulescope.bundles.coordinates import index_to_world, swap_ras_lps
from nodulescope.bundles.data.phantoms import NoduleCourse, NoduleSpec, PhantomScan, Scanner, make_phantom_pair
from nodulescope.operators.reading import read_ct, read_study


def digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_series_is_read_back_as_the_phantom(small_phantom: PhantomScan, small_study: Path) -> None:
    ct = read_ct(small_study)  # the folder with all that lies beside the series
    assert ct.source.kind == "dicom"
    np.testing.assert_array_equal(ct.hu, small_phantom.ct.hu)
    np.testing.assert_allclose(ct.affine_lps, small_phantom.ct.affine_lps, atol=1e-4)
    assert small_phantom.ct.padding is not None
    np.testing.assert_array_equal(ct.padding, small_phantom.ct.padding)


def test_label_maps_lie_on_the_grid_of_the_series(small_phantom: PhantomScan, small_study: Path) -> None:
    ct = read_ct(small_study / "dicom")
    for name, labels in (("lungs", small_phantom.lungs), ("nodules", small_phantom.nodules_label)):
        image = nibabel.load(small_study / f"{name}.nii.gz")
        np.testing.assert_array_equal(np.asarray(image.dataobj), labels)
        np.testing.assert_allclose(swap_ras_lps(image.affine), ct.affine_lps, atol=1e-3)


def test_the_truth_names_the_series_and_lies_where_the_label_is(small_phantom: PhantomScan, small_study: Path) -> None:
    truth = json.loads((small_study / "truth.json").read_text(encoding="utf-8"))
    header = dcmread(small_study / "dicom" / "ct-0001.dcm", stop_before_pixels=True)
    assert truth["series_instance_uid"] == header.SeriesInstanceUID
    assert truth["study_instance_uid"] == header.StudyInstanceUID
    assert {key: truth[key] for key in small_phantom.truth_dict()} == small_phantom.truth_dict()
    image = nibabel.load(small_study / "nodules.nii.gz")
    centre = index_to_world(swap_ras_lps(image.affine), np.argwhere(np.asarray(image.dataobj) == 1).mean(axis=0))
    np.testing.assert_allclose(centre, truth["nodules"][0]["center_lps_mm"], atol=1.0)


def test_the_same_phantom_gives_the_same_bytes_and_replaces_what_was_there(
    small_phantom: PhantomScan, small_study: Path, tmp_path: Path
) -> None:
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "ct-0999.dcm").write_bytes(b"a slice of a longer series")
    write_phantom_study(small_phantom, tmp_path)
    assert digests(tmp_path) == digests(small_study)


def test_a_pair_is_two_studies_of_one_patient_a_year_apart(tmp_path: Path) -> None:
    courses = (NoduleCourse(NoduleSpec("solid", 14.0), 14.0, 18.0),)
    scanners = (Scanner((3.5, 3.5, 5.0)), Scanner((4.0, 4.0, 4.0)))
    earlier, later = write_phantom_pair(make_phantom_pair(5, scanners=scanners, courses=courses), tmp_path)
    study = read_study(tmp_path)
    headers = [dcmread(folder / "ct-0001.dcm", stop_before_pixels=True) for folder in (earlier, later)]
    assert study.ct.source.study_instance_uid == headers[1].StudyInstanceUID
    assert [(prior.series_instance_uid, prior.date) for prior in study.priors] == [(headers[0].SeriesInstanceUID, date(1999, 1, 1))]
    diameters = [json.loads((tmp_path / n / "truth.json").read_text())["nodules"][0]["mean_diameter_mm"] for n in ("earlier", "later")]
    assert diameters[0] < 15 < diameters[1]

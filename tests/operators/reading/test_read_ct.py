from __future__ import annotations

import itertools
import tempfile
import zipfile
from pathlib import Path

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import InputError
from nodulescope.operators.reading import read_ct, read_study


def refusal(path, **arguments) -> str:
    with pytest.raises(InputError) as caught:
        read_ct(path, **arguments)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_dicom_and_nifti_of_one_scan_agree(make_ct, write_series, assert_same_image, tmp_path):
    ct = make_ct(orientation=((0, 1, 2), (-1, 1, -1)))
    write_series(ct, tmp_path / "dicom")
    nib.save(nib.Nifti1Image(ct.hu, swap_ras_lps(ct.affine_lps)), tmp_path / "ct.nii.gz")
    dicom, nifti = read_ct(tmp_path / "dicom"), read_ct(tmp_path / "ct.nii.gz")
    assert_same_image(dicom, nifti)
    assert (dicom.source.kind, nifti.source.kind) == ("dicom", "nifti")


def test_a_series_is_read_by_its_uid(make_ct, write_series, tmp_path):
    write_series(make_ct(shape=(10, 10, 30)), tmp_path / "1")
    write_series(make_ct(), tmp_path / "2", series_number=2)
    wanted = read_ct(tmp_path / "2").source.series_instance_uid
    assert read_ct(tmp_path).shape == (10, 10, 30)
    ct = read_ct(tmp_path, series_uid=wanted)
    np.testing.assert_array_equal(ct.hu, make_ct().hu)
    assert ct.source.series_instance_uid == wanted


ORIENTATIONS = [(axes, signs) for axes in itertools.permutations(range(3)) for signs in itertools.product((1, -1), repeat=3)]


@settings(max_examples=20)
@given(
    lying=st.sampled_from(ORIENTATIONS),
    turn=st.floats(-0.4, 0.4),
    shape=st.tuples(*[st.integers(10, 13)] * 3),
    spacing=st.tuples(*[st.sampled_from([0.5, 0.703125, 1.0, 2.5])] * 3),
    order=st.randoms(use_true_random=False),
)
def test_a_series_lies_where_it_was_written_whatever_its_axes(lying, turn, shape, spacing, order, make_ct, write_series, assert_same_image):
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    ct = make_ct(shape=shape, spacing=spacing, orientation=lying, rotation=rotation)
    with tempfile.TemporaryDirectory() as folder:
        paths = list(write_series(ct, Path(folder) / "written"))
        names = list(range(len(paths)))
        order.shuffle(names)
        shuffled = [path.rename(Path(folder) / f"{name}.dcm") for path, name in zip(paths, names, strict=True)]
        back = read_ct(Path(folder))
        volume = highdicom.image.get_volume_from_series([pydicom.dcmread(path) for path in shuffled], rtol=0.01)
    assert_same_image(ct, back)
    theirs = CTVolume(volume.array.T.astype(np.float32), volume.affine[:, [2, 1, 0, 3]], CTSource("highdicom"))
    assert_same_image(theirs, back)


def test_progress_tells_the_decoded_slices(make_ct, write_series, tmp_path):
    paths = write_series(make_ct(), tmp_path / "series")
    seen: list[tuple[int, int]] = []
    read_ct(tmp_path / "series", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 12) for n in range(1, 13)]
    with zipfile.ZipFile(tmp_path / "series.zip", "w") as archive:
        for path in paths:
            archive.write(path, path.name)
    read_ct(tmp_path / "series.zip", progress=lambda done, total: seen.append((done, total)))
    assert len(seen) == 24


def test_older_studies_come_with_the_newest(make_ct, write_series, tmp_path):
    write_series(make_ct(seed=1), tmp_path / "2019", study_date="20190204")
    write_series(make_ct(seed=2), tmp_path / "2021", study_date="20210204")
    study = read_study(tmp_path)
    np.testing.assert_array_equal(study.ct.hu, make_ct(seed=2).hu)
    (prior,) = study.priors
    assert prior.date.isoformat() == "2019-02-04"
    np.testing.assert_array_equal(read_ct(tmp_path, series_uid=prior.series_instance_uid).hu, make_ct(seed=1).hu)
    assert any(warning.startswith("An older CT study of 2019-02-04") for warning in study.ct.source.warnings)


def test_a_single_slice_is_refused_with_advice(make_ct, write_series, tmp_path):
    path = write_series(make_ct(), tmp_path)[0]
    assert "a single slice is no volume, at least 10 are needed; name the folder of the series" in refusal(path)


def test_what_is_no_ct_is_refused(tmp_path):
    assert "there is no such file or folder" in refusal(tmp_path / "absent")
    text = tmp_path / "notes.txt"
    text.write_text("no CT")
    assert "not a CT in a known format" in refusal(text)
    volume = tmp_path / "ct.nii"
    volume.write_bytes(b"")
    assert "cannot be read as NIfTI" in refusal(volume)
    assert "this format holds no series" in refusal(volume, series_uid="1.2.3")

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import InputError
from nodulescope.operators.reading import read_ct


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

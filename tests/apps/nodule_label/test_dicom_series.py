from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from small_chest import SmallChest

from nodulescope.apps.nodule_label.dicom_series import convert_series_below, read_one_series
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import read_research_ct
from nodulescope.operators.dicom.ct_series import write_ct_series


@pytest.fixture
def studies(chest: SmallChest, tmp_path: Path) -> Path:
    folder = tmp_path / "studies"
    for name in ("whole", "broken"):
        write_ct_series(chest.ct, folder / name, patient_id=name, patient_name="Phantom^One", seed=name)
    (sorted((folder / "broken").iterdir())[30]).unlink()
    (folder / "labels").mkdir()
    shutil.copy(next((folder / "whole").iterdir()), folder / "labels")
    return folder


def test_series_become_files_and_broken_ones_are_left_out(studies: Path, chest: SmallChest) -> None:
    ((uid, patient),) = convert_series_below(studies)
    assert patient == "whole"
    ct = read_research_ct(studies / f"{uid}.nii.gz")
    np.testing.assert_allclose(ct.hu, chest.ct.hu)
    np.testing.assert_allclose(ct.affine_lps, chest.ct.affine_lps, atol=1e-4)
    changed = (studies / f"{uid}.nii.gz").stat().st_mtime_ns
    assert list(convert_series_below(studies)) == [(uid, "whole")]
    assert (studies / f"{uid}.nii.gz").stat().st_mtime_ns == changed


def test_a_folder_of_one_series_is_read(studies: Path, chest: SmallChest) -> None:
    np.testing.assert_allclose(read_one_series(studies / "whole").hu, chest.ct.hu)
    with pytest.raises(InputError, match="holds 2 CT series"):
        read_one_series(studies)

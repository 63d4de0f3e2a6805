from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.luna16.lungs import read_published_lungs
from nodulescope.bundles.errors import InputError

Write = Callable[..., None]


@pytest.mark.parametrize("flipped", [False, True])
def test_the_sides_are_those_of_the_patient(flipped: bool, write_scan: Write, tmp_path: Path) -> None:
    write_scan("1.1", flipped=flipped)
    lungs = read_published_lungs(tmp_path / "LUNA16" / "seg-lungs-LUNA16" / "1.1.mhd")
    places = {side: index_to_world(lungs.affine_lps, np.argwhere(lungs.labels == side)) for side in (RIGHT_LUNG, LEFT_LUNG)}
    assert places[RIGHT_LUNG][:, 0].min() == pytest.approx(-15.0)
    assert places[RIGHT_LUNG][:, 0].max() == pytest.approx(-5.0)
    assert places[LEFT_LUNG][:, 0].min() == pytest.approx(5.0)
    assert np.count_nonzero(lungs.labels) == 2 * 6 * 12 * 10  # without the windpipe
    assert lungs.fully_covered


def test_labels_with_the_sides_the_other_way_round_are_understood_too(write_scan: Write, tmp_path: Path) -> None:
    write_scan("1.1")
    path = tmp_path / "LUNA16" / "seg-lungs-LUNA16" / "1.1.mhd"
    before = read_published_lungs(path).labels
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.ChangeLabel(image, {3: 4, 4: 3}), str(path))
    np.testing.assert_array_equal(read_published_lungs(path).labels, before)


def test_lungs_in_the_last_slice_are_not_covered(write_scan: Write, tmp_path: Path) -> None:
    write_scan("1.1")
    path = tmp_path / "LUNA16" / "seg-lungs-LUNA16" / "1.1.mhd"
    sitk.WriteImage(sitk.ReadImage(str(path))[:, :, :10], str(path))
    assert not read_published_lungs(path).fully_covered


def test_one_lung_alone_and_a_damaged_file_are_refused(write_scan: Write, tmp_path: Path) -> None:
    write_scan("1.1")
    path = tmp_path / "LUNA16" / "seg-lungs-LUNA16" / "1.1.mhd"
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(sitk.ChangeLabel(image, {3: 0}), str(path))
    with pytest.raises(InputError, match=r"1\.1\.mhd: has no voxels of label 3 or 4"):
        read_published_lungs(path)
    path.with_suffix(".raw").unlink()
    with pytest.raises(InputError, match=r"1\.1\.mhd: cannot be read as MetaImage"):
        read_published_lungs(path)

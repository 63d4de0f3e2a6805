from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.errors import InputError

SOURCE = CTSource("nifti", path="scan.nii.gz")
GOOD = np.zeros((4, 5, 6), np.float32)


@pytest.mark.parametrize(
    ("hu", "affine", "padding", "told"),
    [
        (GOOD[0], np.eye(4), None, "a CT has three dimensions, this image has 2"),
        (GOOD, np.eye(3), None, "flat or has no valid orientation"),
        (GOOD, np.diag([1.0, 1.0, 0.0, 1.0]), None, "flat or has no valid orientation"),
        (np.where(np.arange(6) == 3, np.nan, GOOD), np.eye(4), None, "NaN or infinite"),
        (np.where(np.arange(6) == 3, np.inf, GOOD), np.eye(4), None, "NaN or infinite"),
        (GOOD, np.eye(4), np.zeros((4, 5, 5), bool), "padding mask does not match"),
    ],
)
def test_what_is_no_ct_cannot_be_made(hu: np.ndarray, affine: np.ndarray, padding: np.ndarray | None, told: str) -> None:
    with pytest.raises(InputError, match=f"^scan.nii.gz: .*{told}") as refused:
        CTVolume(hu.astype(np.float32), affine, SOURCE, padding)
    assert refused.value.exit_code == 3


def test_a_part_stays_where_it_is_in_the_patient(make_ct: Callable[..., CTVolume], orientation: Any) -> None:
    ct = make_ct(orientation=orientation)
    part = ct.cropped((2, 3, 4), (8, 9, 11))
    assert part.shape == (6, 6, 7)
    np.testing.assert_array_equal(part.hu, ct.hu[2:8, 3:9, 4:11])
    np.testing.assert_allclose(index_to_world(part.affine_lps, [1, 2, 3]), index_to_world(ct.affine_lps, [3, 5, 7]))
    np.testing.assert_array_equal(part.affine_lps[:3, :3], ct.affine_lps[:3, :3])


def test_padding_is_cut_along() -> None:
    padding = np.zeros((4, 5, 6), bool)
    padding[2:] = True
    part = CTVolume(GOOD, np.eye(4), SOURCE, padding).cropped((1, 0, 0), (4, 5, 6))
    assert part.padding is not None
    np.testing.assert_array_equal(part.padding, padding[1:])


def test_spacing_and_volume(make_ct: Callable[..., CTVolume]) -> None:
    ct = make_ct(spacing=(0.75, 0.5, 2.5))
    assert ct.spacing_mm == pytest.approx((0.75, 0.5, 2.5))
    assert ct.voxel_volume_mm3 == pytest.approx(0.75 * 0.5 * 2.5)
    assert ct.describe() == {"size": [10, 11, 12], "spacing_mm": [0.75, 0.5, 2.5]}


def test_the_volume_of_a_sheared_voxel_is_that_of_its_parallelepiped() -> None:
    affine = np.array([[1.0, 0, 0, 0], [0, 1, 0.5, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
    assert CTVolume(GOOD, affine, SOURCE).voxel_volume_mm3 == pytest.approx(2.0)


def test_headers_do_not_show_when_it_is_printed() -> None:
    assert "Doe" not in repr(CTVolume(GOOD, np.eye(4), CTSource("dicom", instances=("Doe^Jane",))))

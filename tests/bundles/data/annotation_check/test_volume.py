from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.data.annotation_check.volume import Volume, read_volume
from nodulescope.bundles.errors import InputError

AFFINE_LPS = np.array([[0.0, -0.5, 0, 30.0], [2.0, 0, 0, -7.0], [0, 0, 2.5, -100.0], [0, 0, 0, 1]])


def test_every_format_gives_the_same_values_at_the_same_places(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(-1000, 500, (5, 6, 7)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(values[..., None], np.diag([-1.0, -1.0, 1.0, 1.0]) @ AFFINE_LPS), tmp_path / "a.nii.gz")
    image = sitk.GetImageFromArray(values.transpose(2, 1, 0))
    image.SetSpacing((2.0, 0.5, 2.5))
    image.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    image.SetOrigin((30.0, -7.0, -100.0))
    for name in ("b.mha", "b.nrrd"):
        sitk.WriteImage(image, str(tmp_path / name))
    for name in ("a.nii.gz", "b.mha", "b.nrrd"):
        volume = read_volume(tmp_path / name)
        np.testing.assert_array_equal(volume.values, values)
        assert volume.values.dtype == np.int16
        np.testing.assert_allclose(volume.affine_lps, AFFINE_LPS, atol=1e-6)
        assert volume.is_axis_parallel()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.nii.gz", None, "there is no such file"),
        ("a.nii.gz", b"not this", "cannot be read"),
        ("a.mha", b"not this", "cannot be read"),
        ("a.png", b"", "not one of"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_volume(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name)) and "\n" not in str(caught.value)


def test_a_truncated_file_and_a_picture_with_colours_are_refused(tmp_path: Path) -> None:
    nibabel.save(
        nibabel.Nifti1Image(np.random.default_rng(0).integers(0, 999, (20, 20, 20)).astype(np.int16), np.eye(4)), tmp_path / "a.nii.gz"
    )
    whole = (tmp_path / "a.nii.gz").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(whole[: len(whole) // 2])
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4, 3), np.uint8), np.eye(4)), tmp_path / "b.nii")
    with pytest.raises(InputError, match="cannot be read"):
        read_volume(tmp_path / "a.nii.gz")
    with pytest.raises(InputError, match="no volume with one value per voxel"):
        read_volume(tmp_path / "b.nii")


def test_the_distance_to_the_nearest_voxel_in_mm() -> None:
    values = np.zeros((20, 20, 20), np.uint8)
    values[10, 10, 10] = 1
    volume = Volume(values, AFFINE_LPS)
    place = AFFINE_LPS[:3, :3] @ (10, 10, 10) + AFFINE_LPS[:3, 3]
    assert volume.distance_mm(place, 5.0) == 0.0
    assert volume.distance_mm(place + np.array([3.0, 0.0, 4.0]), 5.1) == pytest.approx(5.0)
    assert volume.distance_mm(place + np.array([3.0, 0.0, 4.0]), 4.9) == np.inf
    assert volume.distance_mm(place + np.array([500.0, 0.0, 0.0]), 5.0) == np.inf


def test_grids_are_compared_by_place() -> None:
    one = Volume(np.zeros((4, 5, 6)), AFFINE_LPS)
    moved, stretched = AFFINE_LPS.copy(), AFFINE_LPS.copy()
    moved[1, 3] += 0.2
    stretched[2, 2] *= 1.1
    assert one.has_grid_of(Volume(np.ones((4, 5, 6)), AFFINE_LPS + 1e-6))
    assert not one.has_grid_of(Volume(np.zeros((4, 5, 6)), moved))
    assert not one.has_grid_of(Volume(np.zeros((4, 5, 6)), stretched))
    assert not one.has_grid_of(Volume(np.zeros((4, 5, 7)), AFFINE_LPS))


def test_turned_grids_and_numbers() -> None:
    turned = AFFINE_LPS.copy()
    turned[0, 0] = 0.01
    assert not Volume(np.zeros((2, 2, 2)), turned).is_axis_parallel()
    assert Volume(np.zeros((2, 2, 2), np.int16), AFFINE_LPS).is_finite()
    assert not Volume(np.array([[[0.0, np.inf]]]), AFFINE_LPS).is_finite()

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.research_formats import FORMATS, UNKNOWN_ORIENTATION, read_research_ct, research_format


def write_nifti(ct: CTVolume, path, dtype=np.int16):
    """Through nibabel, which shares no code with the reader and speaks RAS."""
    nib.save(nib.Nifti1Image(ct.hu.astype(dtype), swap_ras_lps(ct.affine_lps)), path)
    return path


def write_nrrd(ct: CTVolume, path, space="left-posterior-superior"):
    """Byte by byte after the format's definition."""
    to_space = np.diag([-1.0, -1.0, 1.0]) if space.startswith("right-anterior") else np.eye(3)
    vectors = " ".join("({:.17g},{:.17g},{:.17g})".format(*(to_space @ ct.affine_lps[:3, axis])) for axis in range(3))
    origin = "({:.17g},{:.17g},{:.17g})".format(*(to_space @ ct.affine_lps[:3, 3]))
    lines = ["NRRD0004", "type: short", "dimension: 3", "sizes: {} {} {}".format(*ct.shape), "endian: little", "encoding: raw"]
    if space:
        lines[3:3] = [f"space: {space}"]
        lines += [f"space directions: {vectors}", f"space origin: {origin}"]
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + ct.hu.astype("<i2").tobytes(order="F"))
    return path


def itk_image(ct: CTVolume, dtype=np.int16) -> sitk.Image:
    image = sitk.GetImageFromArray(ct.hu.T.astype(dtype))
    image.SetSpacing(ct.spacing_mm)
    image.SetOrigin(ct.affine_lps[:3, 3])
    image.SetDirection((ct.affine_lps[:3, :3] / np.asarray(ct.spacing_mm)).ravel())
    return image


def test_nifti_of_any_orientation_puts_values_where_they_were(orientation, make_ct, assert_same_image, tmp_path):
    ct = make_ct(orientation=orientation)
    back = read_research_ct(write_nifti(ct, tmp_path / "ct.nii.gz"))
    assert back.shape == ct.shape
    np.testing.assert_allclose(back.affine_lps, ct.affine_lps, atol=1e-4)
    assert_same_image(ct, back)
    assert back.source.warnings == ()


@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior"])
def test_nrrd_of_any_orientation_puts_values_where_they_were(orientation, space, make_ct, assert_same_image, tmp_path):
    ct = make_ct(orientation=orientation)
    back = read_research_ct(write_nrrd(ct, tmp_path / "ct.nrrd", space))
    assert back.shape == ct.shape
    np.testing.assert_allclose(back.affine_lps, ct.affine_lps, atol=1e-6)
    assert_same_image(ct, back)
    assert back.source.warnings == ()


@pytest.mark.parametrize("name", ["ct.mha", "ct.mhd", "CT.NRRD", "ct.nii"])
def test_every_format_keeps_an_oblique_grid(name, make_ct, assert_same_image, tmp_path):
    angle = np.radians(17)
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    ct = make_ct(rotation=rotation)
    sitk.WriteImage(itk_image(ct), tmp_path / name)
    back = read_research_ct(tmp_path / name)
    assert back.source.kind == FORMATS["." + name.lower().split(".")[1]]
    assert back.source.path == str(tmp_path / name)
    assert_same_image(ct, back)


def test_scale_factors_of_the_header_lead_to_hounsfield_units(make_ct, tmp_path):
    ct = make_ct()
    image = nib.Nifti1Image(((ct.hu + 1024) * 4).astype(np.int16), swap_ras_lps(ct.affine_lps))
    image.header.set_slope_inter(0.25, -1024)
    nib.save(image, tmp_path / "ct.nii")
    np.testing.assert_allclose(read_research_ct(tmp_path / "ct.nii").hu, ct.hu, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_voxel_types_do_not_change_values(dtype, make_ct, tmp_path):
    ct = make_ct()
    sitk.WriteImage(itk_image(ct, dtype), tmp_path / "ct.mha")
    back = read_research_ct(tmp_path / "ct.mha")
    assert back.hu.dtype == np.float32
    np.testing.assert_array_equal(back.hu, ct.hu)


def test_padding_is_marked_and_becomes_air(make_ct, tmp_path):
    ct = make_ct()
    ct.hu[:3] = -3024
    back = read_research_ct(write_nifti(ct, tmp_path / "ct.nii"))
    assert back.padding is not None
    assert back.padding[:3].all()
    assert not back.padding[3:].any()
    assert (back.hu[:3] == -1000).all()


def test_a_trailing_time_axis_of_one_is_dropped(make_ct, assert_same_image, tmp_path):
    ct = make_ct()
    nib.save(nib.Nifti1Image(ct.hu.astype(np.int16)[..., None], swap_ras_lps(ct.affine_lps)), tmp_path / "ct.nii")
    assert_same_image(ct, read_research_ct(tmp_path / "ct.nii"))


def test_a_file_without_orientation_says_so(make_ct, tmp_path):
    ct = make_ct()
    nib.save(nib.Nifti1Image(ct.hu.astype(np.int16), None), tmp_path / "ct.nii")
    assert read_research_ct(tmp_path / "ct.nii").source.warnings == (UNKNOWN_ORIENTATION,)
    assert read_research_ct(write_nrrd(ct, tmp_path / "ct.nrrd", space="")).source.warnings == (UNKNOWN_ORIENTATION,)


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        read_research_ct(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_damaged_files_are_refused_in_one_line(make_ct, tmp_path):
    whole = write_nifti(make_ct(), tmp_path / "whole.nii")
    packed = write_nifti(make_ct(), tmp_path / "whole.nii.gz")
    for name, source in (("cut.nii", whole), ("cut.nii.gz", packed)):
        cut = tmp_path / name
        cut.write_bytes(source.read_bytes()[:1000])
        assert "cannot be read as NIfTI" in refusal(cut)
    cut = tmp_path / "cut.nrrd"
    cut.write_bytes(write_nrrd(make_ct(), tmp_path / "whole.nrrd").read_bytes()[:1000])
    assert "cannot be read as NRRD" in refusal(cut)
    sitk.WriteImage(itk_image(make_ct()), tmp_path / "whole.mha")
    cut = tmp_path / "cut.mha"
    cut.write_bytes((tmp_path / "whole.mha").read_bytes()[:1000])
    assert "cannot be read as MetaImage" in refusal(cut)
    text = tmp_path / "text.nrrd"
    text.write_text("not a picture")
    assert "cannot be read as NRRD" in refusal(text)
    header = tmp_path / "ct.mhd"
    sitk.WriteImage(itk_image(make_ct()), header)
    (tmp_path / "ct.raw").unlink()
    assert "cannot be read as MetaImage" in refusal(header)


def test_pictures_films_and_vectors_are_refused(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((40, 40), np.int16), np.eye(4)), tmp_path / "flat.nii")
    assert "three dimensions" in refusal(tmp_path / "flat.nii")
    nib.save(nib.Nifti1Image(np.zeros((12, 12, 12, 5), np.int16), np.eye(4)), tmp_path / "film.nii")
    assert "this image has 4" in refusal(tmp_path / "film.nii")
    colours = np.zeros((12, 12, 12), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / "colours.nii")
    assert "this image has colours" in refusal(tmp_path / "colours.nii")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((12, 12, 12, 3), np.float32), isVector=True), tmp_path / "field.mha")
    assert "one value per voxel, this image has 3" in refusal(tmp_path / "field.mha")
    nib.save(nib.Nifti1Image(np.zeros((40, 40, 2), np.int16), np.eye(4)), tmp_path / "two.nii")
    assert "40 x 40 x 2 voxels are too few" in refusal(tmp_path / "two.nii")


def test_a_sheared_grid_is_refused(make_ct, tmp_path):
    ct = make_ct()
    ct.affine_lps[1, 2] = 0.6
    assert "sheared grid" in refusal(write_nifti(ct, tmp_path / "ct.nii"))


def test_nan_is_refused(make_ct, tmp_path):
    ct = make_ct()
    ct.hu[0, 0, 0] = np.nan
    assert "NaN" in refusal(write_nifti(ct, tmp_path / "ct.nii", np.float32))
    sitk.WriteImage(itk_image(ct, np.float32), tmp_path / "ct.mha")
    assert "NaN" in refusal(tmp_path / "ct.mha")


def test_eight_bit_pictures_are_refused(make_ct, tmp_path):
    ct = make_ct()
    ct.hu[:] = (ct.hu - ct.hu.min()) / np.ptp(ct.hu) * 255
    assert "do not look like Hounsfield units" in refusal(write_nifti(ct, tmp_path / "ct.nii", np.uint8))


def test_missing_files_and_other_endings_are_refused(tmp_path):
    assert "missing" in refusal(tmp_path / "absent.nii.gz")
    assert "not one of" in refusal(tmp_path / "ct.png")
    assert research_format(tmp_path / "ct.gz") is None


def test_real_volumes(shared_data):
    moved = read_research_ct(shared_data / "copdgene-64" / "ct-64-transformed.nrrd")
    np.testing.assert_allclose(moved.spacing_mm, (4.171872, 4.171872, 3.987342), atol=1e-5)
    np.testing.assert_allclose(moved.affine_lps[:3, 0], (3.920277, 1.426864, 0), atol=1e-5)
    abdomen = read_research_ct(shared_data / "abdomen-no-lungs" / "example_ct.nii.gz")
    assert abdomen.shape == (122, 101, 112)
    assert abdomen.padding is None
    assert "do not look like Hounsfield units" in refusal(shared_data / "copdgene-64" / "lm-64.nrrd")

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom import dcmread

from nodulescope.apps.cli.lung_files import require_known_ending, write_lungs
from nodulescope.bundles.contracts import LungMask
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.phantoms import PhantomScan
from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.reading import read_ct

MODEL = ModelProvenance("lung_segmentation", "lung_segmentation", "0.1.0", "ab" * 32)


@pytest.fixture
def lungs(small_phantom: PhantomScan) -> LungMask:
    return LungMask(small_phantom.lungs, small_phantom.ct.affine_lps, fully_covered=True)


@pytest.mark.parametrize("name", ["lungs.nii.gz", "lungs.nii", "lungs.nrrd", "lungs.mha"])
def test_an_image_lies_where_the_ct_lies(name: str, small_phantom: PhantomScan, lungs: LungMask, tmp_path: Path) -> None:
    write_lungs(small_phantom.ct, lungs, MODEL, tmp_path / name)
    image = sitk.ReadImage(str(tmp_path / name))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image).T, lungs.labels)
    index = (3, 7, 11)
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), index_to_world(lungs.affine_lps, index), atol=1e-3)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_turned_axes_stay_turned(tmp_path: Path) -> None:
    affine = np.array([[0.0, 0.0, 2.0, 5.0], [-0.7, 0.0, 0.0, 6.0], [0.0, -0.8, 0.0, 7.0], [0, 0, 0, 1]])
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_lungs(None, LungMask(labels, affine, True), MODEL, tmp_path / "lungs.nii.gz")  # type: ignore[arg-type]  # images need no CT
    image = sitk.ReadImage(str(tmp_path / "lungs.nii.gz"))
    for index in ((0, 0, 0), (1, 2, 3), (1, 0, 2)):
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), index_to_world(affine, index), atol=1e-4)
        assert image[index] == labels[index]


def test_a_dicom_segmentation_holds_both_lungs_of_the_series(small_study: Path, lungs: LungMask, tmp_path: Path) -> None:
    ct = read_ct(small_study)
    write_lungs(ct, lungs, MODEL, tmp_path / "lungs.dcm")
    segmentation = highdicom.seg.segread(tmp_path / "lungs.dcm")
    assert [s.segment_label for s in (segmentation.get_segment_description(n) for n in (1, 2))] == ["Right lung", "Left lung"]
    assert segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID == ct.source.series_instance_uid
    assert (segmentation.SeriesDescription, segmentation.ContentLabel) == ("Lungs (automatic)", "LUNGS")
    uids = [header.SOPInstanceUID for header in ct.source.instances]
    planes = segmentation.get_pixels_by_source_instance(uids, combine_segments=True, ignore_spatial_locations=True)
    np.testing.assert_array_equal(planes.T, lungs.labels)
    assert dcmread(tmp_path / "lungs.dcm").SegmentSequence[0].SegmentAlgorithmName == "lung_segmentation"


def test_a_dicom_segmentation_needs_a_dicom_input(small_phantom: PhantomScan, lungs: LungMask, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"write \.nii\.gz instead"):
        write_lungs(small_phantom.ct, lungs, MODEL, tmp_path / "lungs.dcm")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    require_known_ending(tmp_path / "lungs.NII.GZ")
    with pytest.raises(UsageError, match="the ending chooses the format"):
        require_known_ending(tmp_path / "lungs.png")
    with pytest.raises(UsageError, match="does not exist"):
        require_known_ending(tmp_path / "absent" / "lungs.dcm")

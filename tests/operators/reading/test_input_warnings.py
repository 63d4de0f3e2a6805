from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.operators.reading import read_ct
from nodulescope.operators.reading.input_warnings import AGENT_NAMED, BODY_PART_UNKNOWN, research_warnings

BELIEVED = "that the positions do not show; the positions were believed."


@pytest.fixture
def warned(make_ct, write_series, edit, tmp_path):
    """Write a series with other elements and return the warnings of its reading."""

    def read(spacing=(0.75, 0.5, 2.5), **elements):
        for path in write_series(make_ct(spacing=spacing), tmp_path):
            edit(path, **elements)
        return read_ct(tmp_path).source.warnings

    return read


def test_a_thin_unenhanced_chest_is_no_cause_for_warning(warned):
    assert warned(GantryDetectorTilt=0, ContrastBolusAgent="") == ()


@pytest.mark.parametrize(
    ("elements", "warning"),
    [
        ({"BodyPartExamined": None}, BODY_PART_UNKNOWN),
        ({"BodyPartExamined": "ABDOMEN"}, "The header names another part of the body than the chest (ABDOMEN)."),
        ({"BodyPartExamined": "Mr. X 7"}, "The header names another part of the body than the chest (Body Part Examined)."),
        ({"SliceThickness": 5}, "The slices are 5 mm thick (more than 2.5 mm): small nodules may be missed, and sizes are less certain."),
        ({"ContrastBolusAgent": "IV"}, AGENT_NAMED),
        ({"GantryDetectorTilt": -14}, f"The header gives a gantry tilt of 14.0 degrees {BELIEVED}"),
        ({"LossyImageCompression": "01"}, "The images were compressed with loss: small and faint nodules may have changed."),
        ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}, "The images are derived from others (Image Type), not original."),
    ],
)  # fmt: skip
def test_what_is_less_certain_is_said(elements, warning, warned):
    assert warned(**elements) == (warning,)


def test_slices_far_apart_are_thick_whatever_their_own_thickness(warned):
    assert warned(spacing=(0.75, 0.5, 3.0), SliceThickness=1)[0].startswith("The slices are 3 mm thick")


def test_research_formats_are_warned_of_too(make_ct, tmp_path):
    ct = make_ct(spacing=(1.0, 1.0, 4.0))
    nib.save(nib.Nifti1Image(ct.hu, swap_ras_lps(ct.affine_lps)), tmp_path / "ct.nii.gz")
    assert [w[:28] for w in read_ct(tmp_path / "ct.nii.gz").source.warnings] == ["The slices are 4 mm thick (m"]


def test_bright_blood_is_said_with_its_density():
    shape = (80, 50, 60)
    affine = np.diag([4.0, 4.0, 2.5, 1.0])
    affine[:3, 3] = -(np.array(shape) - 1) / 2 * (4.0, 4.0, 2.5)
    at = np.moveaxis(np.indices(shape), 0, -1) * (4.0, 4.0, 2.5) + affine[:3, 3]
    x, y = at[..., 0], at[..., 1]
    hu = np.where((np.abs(x) < 150) & (np.abs(y) < 90), 45.0, -1000.0)
    hu[(np.abs(x) > 20) & (np.abs(x) < 110) & (np.abs(y) < 75)] = -850.0
    hu[np.linalg.norm(at, axis=-1) < 35] = 250.0
    ct = CTVolume(hu.astype(np.float32), affine, CTSource("nrrd"))
    assert research_warnings(ct)[-1] == (
        "Heart and great vessels are as bright as with contrast agent (250 HU), but no header names one: nodules may look denser."
    )

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.operators.dicom.ct_slice import ct_slices
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.lung_probe import probed_lung_ml
from nodulescope.operators.dicom.series_geometry import stack_slices

LUNG_ML = 2 * 0.8 * 1.2 * 1.6 * 1000
"""Two boxes of 80 x 120 x 160 mm."""


def chest(spacing, noise=0.0):
    """Air, a body of 240 x 200 mm, two lungs, with axes along the patient's; 240 mm long."""
    shape = tuple(round(length / s) for length, s in zip((300, 260, 240), spacing, strict=True))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -(np.array(shape) - 1) / 2 * spacing
    x, y, z = (np.abs(affine[a, 3] + affine[a, a] * np.arange(n)) for a, n in enumerate(shape))
    x, y, z = x[:, None, None], y[None, :, None], z[None, None, :]
    hu = np.where((x < 120) & (y < 100) & (z < 500), 40.0, -1000.0)
    hu = np.where((x > 10) & (x < 90) & (y < 60) & (z < 80), -850.0, hu)
    hu += noise * np.random.default_rng(0).standard_normal(shape)
    return CTVolume(np.rint(hu).astype(np.float32), affine, CTSource("phantom"))


def probed(folder):
    return probed_lung_ml(stack_slices([one for header in read_headers(folder) for one in ct_slices(header)], "scan"))


@pytest.mark.parametrize(("spacing", "noise"), [((2.0, 2.0, 5.0), 0), ((2.0, 2.0, 10.0), 0), ((1.5, 1.5, 7.5), 60)])
def test_the_volume_of_the_lungs_is_seen_within_a_tenth(spacing, noise, write_series, tmp_path):
    write_series(chest(spacing, noise), tmp_path)
    assert probed(tmp_path) == pytest.approx(LUNG_ML, rel=0.1)


def test_a_coronal_series_shows_as_much(write_series, tmp_path):
    ct = chest((3.0, 5.0, 3.0))
    turned = CTVolume(np.ascontiguousarray(ct.hu.transpose(0, 2, 1)), ct.affine_lps[:, [0, 2, 1, 3]], ct.source)
    write_series(turned, tmp_path)
    assert probed(tmp_path) == pytest.approx(LUNG_ML, rel=0.1)


def test_air_around_a_body_is_no_lung(write_series, tmp_path):
    ct = chest((2.0, 2.0, 10.0), noise=20)
    ct.hu[ct.hu < -500] = -1000
    write_series(ct, tmp_path)
    assert probed(tmp_path) == 0


def test_a_mattress_is_no_lung(write_series, tmp_path):
    ct = chest((2.0, 2.0, 10.0))
    ct.hu[:, -14:] = -900
    write_series(ct, tmp_path)
    assert probed(tmp_path) == pytest.approx(LUNG_ML, rel=0.1)


def test_real_lungs(shared_data):
    """This scan was made on a foam mattress, which holds more than its lungs do (3.8 litres)."""
    assert probed(shared_data / "LUNG1-001" / "image") == pytest.approx(3770, rel=0.1)

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import MINIMUM_SLICES, replace_padding, require_hounsfield_units, require_volume


def test_padding_that_nobody_declared_is_found_and_becomes_air():
    hu = np.array([-3024, -2048, -1500, -1499, -1024, -1000, 40, 3071], dtype=np.float32)
    padding = replace_padding(hu)
    assert padding is not None
    assert padding.tolist() == [True, True, True, False, False, False, False, False]
    assert hu.tolist() == [-1000, -1000, -1000, -1499, -1024, -1000, 40, 3071]


def test_declared_padding_counts_whatever_its_value():
    hu = np.array([-1024, -1024, 40], dtype=np.float32)
    padding = replace_padding(hu, np.array([True, False, False]))
    assert padding is not None
    assert padding.tolist() == [True, False, False]
    assert hu.tolist() == [-1000, -1024, 40]


def test_no_padding_means_no_mask():
    assert replace_padding(np.array([-1024, 40], dtype=np.float32), np.array([False, False])) is None


@pytest.mark.parametrize("shape", [(512, 512), (512, 512, 2), (MINIMUM_SLICES - 1, 20, 20), (20, 20, 20, 3)])
def test_pictures_and_slabs_are_refused(shape):
    with pytest.raises(InputError, match=r"^scan: .*name "):
        require_volume(shape, "scan")


def test_the_smallest_volume_is_accepted():
    require_volume((MINIMUM_SLICES,) * 3, "scan")


@pytest.mark.parametrize(("lowest", "highest"), [(0, 255), (0, 1), (0, 4095), (-150, 250)])
def test_values_without_air_are_no_hounsfield_units(lowest, highest):
    values = np.linspace(lowest, highest, 27, dtype=np.float32).reshape(3, 3, 3)
    with pytest.raises(InputError, match="do not look like Hounsfield units"):
        require_hounsfield_units(values, None, "scan")


def test_replaced_padding_is_no_evidence_of_air():
    values = np.array([[[-3024.0, 0.0, 255.0]]], dtype=np.float32)
    padding = replace_padding(values)
    with pytest.raises(InputError, match=r"the lowest is 0,"):
        require_hounsfield_units(values, padding, "scan")


def test_an_image_of_nothing_but_padding_is_refused():
    values = np.full((2, 2, 2), -2048, dtype=np.float32)
    padding = replace_padding(values)
    with pytest.raises(InputError, match="every voxel is padding"):
        require_hounsfield_units(values, padding, "scan")


def test_lung_is_evidence_enough():
    require_hounsfield_units(np.array([[[-850.0, 40.0]]], dtype=np.float32), None, "scan")


def scan(air=-1000.0, lung=-850.0, tissue=50.0, bone=700.0, shape=(40, 40, 40)):
    """Shares of a chest: 35 % air, 20 % lung, 44 % soft tissue, 1 % bone, each with noise of 20 HU."""
    rng = np.random.default_rng(0)
    parts = rng.choice([air, lung, tissue, bone], p=[0.35, 0.2, 0.44, 0.01], size=shape)
    return (parts + 20 * rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize(
    "values",
    [
        scan(),
        scan(air=-1024),
        scan(tissue=-110),  # a fat patient
        scan(tissue=85),  # with contrast agent
        scan(air=-860),  # no air but the lungs
        np.where(np.indices((40, 40, 40))[0] < 36, -870, 40).astype(np.float32),  # cut to the lungs
    ],
)
def test_chests_of_many_kinds_pass(values):
    require_hounsfield_units(values, None, "scan")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (scan(air=-1200, lung=-1050), "air lies at -1"),
        (scan(air=-600, lung=-650, tissue=400), "air lies at -6"),
        (scan(tissue=400), "only 0.0% of them are soft tissue"),
        (scan(air=-860, tissue=180), "soft tissue lies at 1"),
        (scan(bone=40, lung=1500), "20% of them are as dense as bone"),
        (np.abs(scan()) - 400 * (np.indices((40, 40, 40)).sum(axis=0) == 0), "only 0.0% of them are air or lung"),
    ],
)
def test_shifted_and_scaled_values_are_refused(values, fault):
    with pytest.raises(InputError, match="do not look like Hounsfield units") as caught:
        require_hounsfield_units(values.astype(np.float32), None, "scan")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_intercept_applied_twice_is_seen_though_air_then_counts_as_padding():
    values = scan(shape=(48, 48, 48)) - 1024
    padding = replace_padding(values)
    assert padding is not None
    assert 0.5 < padding.mean() < 0.6
    with pytest.raises(InputError, match=r"only \d\.\d% of them are soft tissue"):
        require_hounsfield_units(values, padding, "scan")


def test_a_missing_intercept_is_seen_behind_undeclared_padding():
    values = scan() + 1024
    values[0] = -1024
    with pytest.raises(InputError, match=r"are soft tissue|as dense as bone|soft tissue lies"):
        require_hounsfield_units(values, None, "scan")


def test_few_voxels_are_not_judged_by_their_peaks():
    require_hounsfield_units(scan(tissue=400, shape=(30, 30, 30)), None, "scan")

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

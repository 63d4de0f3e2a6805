from __future__ import annotations

import copy

import pytest
from pydicom.uid import PositronEmissionTomographyImageStorage

from nodulescope.operators.dicom.attenuation_correction import corrects_attenuation
from nodulescope.operators.dicom.ct_slice import ct_slices
from nodulescope.operators.dicom.files import read_headers
from nodulescope.operators.dicom.series_geometry import stack_slices


@pytest.fixture
def headers(make_ct, write_series, tmp_path):
    write_series(make_ct(), tmp_path)
    return read_headers(tmp_path)


def stack_of(headers):
    return stack_slices([one for header in headers for one in ct_slices(header)], "scan")


def pet_at_the_same_places(headers, shift=0.0):
    pet = [copy.deepcopy(header) for header in headers]
    for header in pet:
        header.SOPClassUID = PositronEmissionTomographyImageStorage
        header.ImagePositionPatient = [-300, -300, float(header.ImagePositionPatient[2]) + shift]
    return pet


@pytest.mark.parametrize("text", ["CTAC 3.75 thick", "WB CT AC", "AC CT 5.0 B30f", "CT_AC", "Attenuation Correction", "ATTEN CORR"])
def test_its_name_tells(text, headers):
    headers[0].SeriesDescription = text
    assert corrects_attenuation(stack_of(headers), [])


@pytest.mark.parametrize("text", ["CT ACUTE CHEST", "AC joint", "Thorax 1.0 B30f", "CT CHEST", ""])
def test_other_names_do_not(text, headers):
    headers[0].SeriesDescription = text
    assert not corrects_attenuation(stack_of(headers), [])


def test_a_lone_ac_counts_beside_pet_only(headers):
    headers[0].SeriesDescription = "WB 5.0 AC"
    pet = pet_at_the_same_places(headers, shift=1.0)
    assert not corrects_attenuation(stack_of(headers), [])
    assert corrects_attenuation(stack_of(headers), pet)


def test_slices_on_those_of_pet_tell_too(headers):
    stack = stack_of(headers)
    assert corrects_attenuation(stack, pet_at_the_same_places(headers))
    assert corrects_attenuation(stack, pet_at_the_same_places(headers[1:]))
    assert not corrects_attenuation(stack, pet_at_the_same_places(headers[6:]))
    assert not corrects_attenuation(stack, pet_at_the_same_places(headers, shift=1.0))
    elsewhere = pet_at_the_same_places(headers)
    for header in elsewhere:
        header.FrameOfReferenceUID = "1.2.3"
    assert not corrects_attenuation(stack, elsewhere)

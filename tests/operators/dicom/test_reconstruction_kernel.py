from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from nodulescope.operators.dicom.reconstruction_kernel import Sharpness, kernel_name, sharpness_of


def header(kernel):
    made = Dataset()
    made.ConvolutionKernel = kernel
    return made


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("STANDARD", Sharpness.MEDIUM),
        ("standard ", Sharpness.MEDIUM),
        ("LUNG", Sharpness.SHARP),
        ("BONEPLUS", Sharpness.SHARP),
        ("SOFT", Sharpness.SMOOTH),
        ("B19f", Sharpness.SMOOTH),
        ("B30f", Sharpness.MEDIUM),
        ("B50f", Sharpness.MEDIUM),
        ("B70s", Sharpness.SHARP),
        (["I30f", "3"], Sharpness.MEDIUM),
        (["Br40d", "3"], Sharpness.MEDIUM),
        ("Bl57f", Sharpness.SHARP),
        ("B", Sharpness.MEDIUM),
        ("L", Sharpness.SHARP),
        ("FC08", Sharpness.MEDIUM),
        ("FC51", Sharpness.SHARP),
        ("FC86", Sharpness.SHARP),
        ("FC23", Sharpness.UNKNOWN),
        ("IMR1", Sharpness.UNKNOWN),
        ("", Sharpness.UNKNOWN),
    ],
)
def test_kernels_of_the_manufacturers(kernel, expected):
    assert sharpness_of(header(kernel)) is expected


def test_an_enhanced_image_names_its_kernel_in_the_shared_groups():
    made, shared, group = Dataset(), Dataset(), header("B70f")
    shared.CTReconstructionSequence = [group]
    made.SharedFunctionalGroupsSequence = [shared]
    assert kernel_name(made) == "B70f"
    assert sharpness_of(made) is Sharpness.SHARP
    assert kernel_name(Dataset()) == ""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.operators.reading.contrast_agent import agent_named, bright_blood_hu, coarsened


def header(**elements):
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize("agent", ["IV", "ISOVUE300/100", "CE", "Omnipaque", "APPLIED"])
def test_an_agent_is_named(agent):
    assert agent_named(header(ContrastBolusAgent=agent))


@pytest.mark.parametrize("agent", ["", None, "NONE", "no", "No contrast", "without", "N/A", "0", "-", "ORAL"])
def test_no_agent_is_named(agent):
    assert not agent_named(header(ContrastBolusAgent=agent))


def test_an_agent_that_was_swallowed_is_none_in_the_blood():
    assert not agent_named(header(ContrastBolusAgent="Gastrografin", ContrastBolusRoute="ORAL"))
    agent = header(ContrastBolusAdministrationRouteSequence=[header(CodeMeaning="Oral route")])
    assert not agent_named(header(ContrastBolusAgentSequence=[agent]))
    agent.ContrastBolusAdministrationRouteSequence[0].CodeMeaning = "Intravenous route"
    assert agent_named(header(ContrastBolusAgentSequence=[agent]))
    assert agent_named(header(ContrastBolusAgentSequence=[header()]))
    assert not agent_named(Dataset())


def thorax(heart_hu, spacing=(2.0, 2.0, 2.5), order=(0, 1, 2), noise=0.0):
    """Lungs left and right of a ball of blood of 60 mm, a spine of vertebrae behind it, and an arm bone beside the chest."""
    shape = tuple(round(length / s) for length, s in zip((320, 200, 150), spacing, strict=True))
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -(np.array(shape) - 1) / 2 * spacing
    at = np.moveaxis(np.indices(shape), 0, -1) * spacing + affine[:3, 3]
    x, y, z = at.transpose(3, 0, 1, 2)
    hu = np.where((np.abs(x) < 150) & (np.abs(y) < 90), 45.0, -1000.0)
    hu[(np.abs(x) > 20) & (np.abs(x) < 110) & (np.abs(y) < 75) & (np.abs(z) < 60)] = -850.0
    hu[np.linalg.norm(at - (15, -20, 0), axis=-1) < 30] = heart_hu
    hu[(np.hypot(x, y - 45) < 14) & (np.abs((z + 75) % 27 - 13) < 11)] = 220.0
    hu[np.linalg.norm(at - (135, 0, 0), axis=-1) < 23] = 260.0
    hu += noise * np.random.default_rng(0).standard_normal(shape)
    return np.ascontiguousarray(hu.transpose(order)).astype(np.float32), affine[:, [*order, 3]]


@pytest.mark.parametrize("heart_hu", [130.0, 350.0])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_bright_blood_is_seen_and_measured(heart_hu, order):
    assert bright_blood_hu(*thorax(heart_hu, order=order)) == pytest.approx(heart_hu, abs=5)


def test_noise_hides_it_not():
    assert bright_blood_hu(*thorax(160.0, noise=50)) == pytest.approx(160, abs=10)


@pytest.mark.parametrize("noise", [0, 50])
def test_blood_without_agent_bones_and_arms_are_not_taken_for_it(noise):
    assert bright_blood_hu(*thorax(45.0, noise=noise)) is None


def test_an_image_of_air_has_no_blood():
    assert bright_blood_hu(np.full((10, 11, 12), -1000, np.float32), np.eye(4)) is None


def test_blocks_are_averaged_within_slices_and_thin_slices_left_out():
    hu = np.arange(5 * 4 * 6, dtype=np.float32).reshape(5, 4, 6)
    blocks, edges = coarsened(hu, np.array([2.0, 1.0, 1.5]), 4.0)
    assert edges.tolist() == [4.0, 4.0, 4.5]
    np.testing.assert_allclose(blocks, hu[:4, :, ::3].reshape(2, 2, 1, 4, 2).mean(axis=(1, 3)))

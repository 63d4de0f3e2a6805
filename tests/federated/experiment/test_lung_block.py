import numpy as np
import pytest

from nodulescope.federated.experiment.hospitals import HOSPITALS, LARGEST_MM, SMALLEST_MM
from nodulescope.federated.experiment.lung_block import EDGE, make_block


@pytest.fixture(scope="module")
def blocks():
    return {hospital.name: make_block(3, hospital.scanner, hospital.nodules(np.random.default_rng(4), 2)) for hospital in HOSPITALS}


def test_a_block_holds_its_nodules(blocks):
    for block in blocks.values():
        assert block.ct.shape == (EDGE, EDGE, EDGE)
        assert len(block.truth) == 2
        for nodule in block.truth:
            place = np.rint(np.asarray(nodule.center_lps_mm) + EDGE / 2 - 0.5).astype(int)
            assert block.nodules_label[tuple(place)] == nodule.id
            volume = np.count_nonzero(block.nodules_label == nodule.id)
            assert volume == pytest.approx(nodule.volume_mm3, rel=0.02, abs=2)
            assert block.ct.hu[block.nodules_label == nodule.id].mean() > -750.0


def test_the_same_seed_gives_the_same_bytes(blocks):
    hospital = HOSPITALS[0]
    again = make_block(3, hospital.scanner, hospital.nodules(np.random.default_rng(4), 2))
    np.testing.assert_array_equal(again.ct.hu, blocks[hospital.name].ct.hu)


def test_hospitals_differ_as_they_say(blocks):
    def noise(block):
        return np.std(np.diff(block.ct.hu[block.ct.hu < -780.0]))

    found = {name: noise(block) for name, block in blocks.items()}
    assert found["county"] < found["university"] < found["screening"]


def test_nodules_are_those_of_the_hospital():
    for hospital in HOSPITALS:
        drawn = hospital.nodules(np.random.default_rng(0), 300)
        assert {spec.kind for spec in drawn} == set(hospital.kinds)
        assert np.median([spec.diameter_mm for spec in drawn]) == pytest.approx(hospital.diameter_mm, rel=0.1)
        assert all(SMALLEST_MM <= spec.diameter_mm <= LARGEST_MM for spec in drawn)
        for kind, share in hospital.kinds.items():
            assert np.mean([spec.kind == kind for spec in drawn]) == pytest.approx(share, abs=0.08)

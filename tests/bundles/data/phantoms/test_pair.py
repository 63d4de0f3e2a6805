"""One patient twice: who is who, where it went, and what the breath does to the lungs."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.data.phantoms import (
    NoduleCourse,
    NoduleSpec,
    Patient,
    PhantomPair,
    PhantomScan,
    Posture,
    Scanner,
    make_phantom_pair,
)
from nodulescope.bundles.errors import UsageError

SMALL = Patient(half_width_mm=100.0, half_depth_mm=72.0, lung_height_mm=150.0, fat_mm=4.0, muscle_mm=6.0, vessels_per_litre=120.0)
COURSES = (
    NoduleCourse(NoduleSpec("solid", 9.0), 9.0, 13.0),
    NoduleCourse(NoduleSpec("solid", 10.0, place="pleura"), 10.0, 10.0),
    NoduleCourse(NoduleSpec("solid", 11.0), None, 11.0),
    NoduleCourse(NoduleSpec("solid", 12.0), 12.0, None),
)
POSTURE = Posture(rotation_deg=(2.0, -3.0, 4.0), shift_mm=(8.0, -6.0, 25.0), diaphragm_mm=18.0, chest_mm=3.0, uneven_mm=1.0)


@pytest.fixture(scope="module")
def pair() -> PhantomPair:
    scanners = (Scanner((3.5, 3.5, 3.9), noise_hu=5.0), Scanner((4.0, 4.0, 3.0), noise_hu=5.0))
    return make_phantom_pair(5, scanners=scanners, patient=SMALL, courses=COURSES, posture=POSTURE)


def nodule_hu(scan: PhantomScan, number: int) -> float:
    nodule = next(n for n in scan.truth if n.id == number)
    return float(scan.ct.hu[tuple(np.rint(world_to_index(scan.ct.affine_lps, nodule.center_lps_mm)).astype(int))])


def test_who_is_in_which_scan(pair: PhantomPair) -> None:
    assert [n.id for n in pair.earlier.truth] == [1, 2, 4]
    assert [n.id for n in pair.later.truth] == [1, 2, 3]
    assert set(np.unique(pair.earlier.nodules_label)) == {0, 1, 2, 4}
    assert set(np.unique(pair.later.nodules_label)) == {0, 1, 2, 3}
    assert all(nodule_hu(pair.earlier, number) > -450 for number in (1, 2, 4))
    assert all(nodule_hu(pair.later, number) > -450 for number in (1, 2, 3))


def test_nodules_have_their_size_at_each_time_and_are_not_compressed(pair: PhantomPair) -> None:
    before, after = ({n.id: n.mean_diameter_mm for n in scan.truth} for scan in (pair.earlier, pair.later))
    assert [before[1], before[2], before[4]] == pytest.approx([9.0, 10.0, 12.0], rel=0.08)
    assert [after[1], after[2], after[3]] == pytest.approx([13.0, 10.0, 11.0], rel=0.08)


def test_nodules_move_with_the_lung(pair: PhantomPair) -> None:
    before, after = ({n.id: n for n in scan.truth} for scan in (pair.earlier, pair.later))
    for number in (1, 2):
        expected = pair.motion.to_later(before[number].center_lps_mm)
        # The centroid of a growing or cut nodule is not quite the point that its shape is drawn around.
        assert np.linalg.norm(expected - after[number].center_lps_mm) < 1.5
        assert np.linalg.norm(expected - before[number].center_lps_mm) > 15.0
        assert before[number].side == after[number].side


def test_lungs_move_as_the_motion_says(pair: PhantomPair) -> None:
    voxels = np.argwhere(pair.later.lungs > 0)[::50]
    later = voxels @ pair.later.ct.affine_lps[:3, :3].T + pair.later.ct.affine_lps[:3, 3]
    index = np.rint(world_to_index(pair.earlier.ct.affine_lps, pair.motion.to_earlier(later))).astype(int)
    same = pair.earlier.lungs[tuple(index.T)] == pair.later.lungs[tuple(voxels.T)]
    assert same.mean() > 0.93


def test_a_shallower_breath_makes_lungs_smaller_and_denser(pair: PhantomPair) -> None:
    ratio = pair.later.lung_volumes_ml()["total"] / pair.earlier.lung_volumes_ml()["total"]
    assert 0.75 < ratio < 0.95
    before, after = (np.median(scan.ct.hu[scan.lungs > 0]) + 1000.0 for scan in (pair.earlier, pair.later))
    assert after / before == pytest.approx(1 / ratio, rel=0.06)


def test_lungs_lie_within_both_scans(pair: PhantomPair) -> None:
    for scan in (pair.earlier, pair.later):
        assert not scan.lungs[:, :, [0, -1]].any()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="seed"):
        make_phantom_pair(-1)

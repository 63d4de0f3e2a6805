from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nodulescope.operators.priors import RecordedNodule
from nodulescope.operators.priors.nodule_alignment import align_by_extent, align_by_pattern
from nodulescope.operators.priors.registration import Method, NotRegistered

MakeRecorded = Callable[..., RecordedNodule]
PLACES = np.array([(-60, 10, 20), (-40, -30, 150), (50, 20, 60), (70, 0, 120), (45, 40, 5)], float)


def test_boxes_are_laid_on_each_other() -> None:
    found = align_by_extent(((-120, -80, 0), (120, 80, 200)), ((-110, -90, 330), (130, 70, 510)))
    assert found.method is Method.EXTENT
    np.testing.assert_allclose(found.to_current([(-120, -80, 0), (0, 0, 100)]), [(-110, -90, 330), (10, -10, 420)])
    np.testing.assert_allclose(found.to_prior([(10, -10, 420)]), [(0, 0, 100)], atol=1e-6)
    assert "rough" in found.warnings[0]


@pytest.mark.parametrize("high", [(120, 80, 60), (120, 80, 0)])
def test_boxes_of_another_chest_are_refused(high: tuple[int, int, int]) -> None:
    with pytest.raises(NotRegistered):
        align_by_extent(((-120, -80, 0), (120, 80, 200)), ((-120, -80, 0), high))


def test_a_pattern_is_found_after_shift_and_breath_among_new_and_resolved_nodules(make_recorded: MakeRecorded) -> None:
    moved = PLACES * (1.0, 1.0, 0.9) + (8.0, -5.0, 700.0)
    prior = [make_recorded(n, place) for n, place in enumerate(PLACES, 1)]
    current = [make_recorded(n, place) for n, place in enumerate(moved[[3, 0, 2, 4]], 1)] + [make_recorded(5, (-70, 0, 790))]
    found = align_by_pattern(prior, current)
    assert found.method is Method.PATTERN
    np.testing.assert_allclose(found.to_current(PLACES[[0, 2, 3, 4]]), moved[[0, 2, 3, 4]], atol=1e-6)


def test_two_nodules_make_no_pattern(make_recorded: MakeRecorded) -> None:
    nodules = [make_recorded(n, place) for n, place in enumerate(PLACES[:2], 1)]
    with pytest.raises(NotRegistered, match="too few"):
        align_by_pattern(nodules, nodules)


def test_shifts_across_the_body_are_not_believed(make_recorded: MakeRecorded) -> None:
    prior = [make_recorded(n, place) for n, place in enumerate(PLACES, 1)]
    current = [make_recorded(n, np.add(place, (0, 80, 0))) for n, place in enumerate(PLACES, 1)]
    with pytest.raises(NotRegistered):
        align_by_pattern(prior, current)


def test_without_nodules_there_is_nothing_to_align(make_recorded: MakeRecorded) -> None:
    with pytest.raises(NotRegistered):
        align_by_pattern([], [make_recorded(1, (40, 0, 0))])

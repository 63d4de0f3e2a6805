from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nodulescope.operators.examination import NoduleType
from nodulescope.operators.priors import RecordedNodule
from nodulescope.operators.priors.matching import Matches, match_nodules, plausible, price_of_change_mm

MakeRecorded = Callable[..., RecordedNodule]
GATE_MM = 12.0


def matched(prior: Sequence[RecordedNodule], current: Sequence[RecordedNodule]) -> Matches:
    """Matches when the registration changes nothing."""
    return match_nodules(prior, np.array([n.center_lps_mm for n in prior]).reshape(-1, 3), current, GATE_MM)


def test_nearest_partners_new_and_resolved(make_recorded: MakeRecorded) -> None:
    prior = [make_recorded(1, (40, 0, 0)), make_recorded(2, (60, 0, 0)), make_recorded(3, (-50, 0, 80))]
    current = [make_recorded(1, (62, 1, 0)), make_recorded(2, (40, 0, 3)), make_recorded(3, (-50, 0, -80))]
    found = matched(prior, current)
    assert found.pairs == ((1, 0), (0, 1))
    assert found.distances_mm == pytest.approx((np.sqrt(5.0), 3.0))
    assert found.new == (2,)
    assert found.resolved == (2,)


def test_one_prior_nodule_has_one_partner(make_recorded: MakeRecorded) -> None:
    found = matched([make_recorded(1, (40, 0, 0))], [make_recorded(1, (44, 0, 0)), make_recorded(2, (41, 0, 0))])
    assert found.pairs == ((0, 1),)
    assert found.new == (0,)


def test_a_nodule_without_a_partner_does_not_take_anothers(make_recorded: MakeRecorded) -> None:
    # Both pairs of neighbours would make two matches of 14 and 15 mm; the one certain match is worth more.
    prior = [make_recorded(1, (40, 0, 0)), make_recorded(2, (55, 0, 0))]
    current = [make_recorded(1, (40, 0, 0)), make_recorded(2, (26, 0, 0))]
    found = matched(prior, current)
    assert found.pairs == ((0, 0),)
    assert (found.new, found.resolved) == ((1,), (1,))


def test_the_sum_of_distances_decides_and_not_who_comes_first(make_recorded: MakeRecorded) -> None:
    prior = [make_recorded(1, (40, 0, 0)), make_recorded(2, (46, 0, 0))]
    current = [make_recorded(1, (45, 0, 0)), make_recorded(2, (51, 0, 0))]
    assert matched(prior, current).pairs == ((0, 0), (1, 1))


def test_the_gate_grows_with_the_nodule(make_recorded: MakeRecorded) -> None:
    assert matched([make_recorded(1, (40, 0, 0), 4.0)], [make_recorded(1, (55, 0, 0), 4.0)]).pairs == ()
    assert matched([make_recorded(1, (40, 0, 0), 28.0)], [make_recorded(1, (55, 0, 0), 28.0)]).pairs == ((0, 0),)


def test_what_cannot_be_the_same_nodule(make_recorded: MakeRecorded) -> None:
    small = make_recorded(1, (2, 0, 0), 5.0)
    assert not plausible(small, make_recorded(1, (-2, 0, 0), 5.0))  # the other lung
    assert plausible(small, make_recorded(1, (2, 0, 0), 20.0))
    assert not plausible(small, make_recorded(1, (2, 0, 0), 20.1))
    assert not plausible(make_recorded(1, (2, 0, 0), 5.0, NoduleType.CALCIFIED), make_recorded(1, (2, 0, 0), 5.0, NoduleType.GROUND_GLASS))
    assert plausible(make_recorded(1, (2, 0, 0), 5.0, NoduleType.PART_SOLID), small)


def test_likeness_decides_between_neighbours(make_recorded: MakeRecorded) -> None:
    prior = [make_recorded(1, (40, 0, 0), 6.0, NoduleType.GROUND_GLASS)]
    current = [make_recorded(1, (43, 0, 0), 12.0), make_recorded(2, (36, 0, 0), 6.0, NoduleType.GROUND_GLASS)]
    assert matched(prior, current).pairs == ((0, 1),)
    assert price_of_change_mm(prior[0], current[1]) == 0.0
    assert price_of_change_mm(prior[0], current[0]) == pytest.approx(10.0 * np.log(2.0) + 4.0)


def test_nothing_on_one_side(make_recorded: MakeRecorded) -> None:
    assert matched([], [make_recorded(1, (40, 0, 0))]) == Matches((), (), (0,), ())
    assert matched([make_recorded(1, (40, 0, 0))], []) == Matches((), (), (), (0,))

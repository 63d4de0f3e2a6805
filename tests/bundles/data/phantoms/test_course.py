from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.data.phantoms import NoduleCourse, NoduleSpec
from nodulescope.bundles.data.phantoms.course import FATES, FEWEST, MOST, draw_courses
from nodulescope.bundles.data.phantoms.nodule_spec import SMALLEST_MM
from nodulescope.bundles.errors import UsageError

SPEC = NoduleSpec("part-solid", 9.0, place="pleura")


def test_a_nodule_at_both_times() -> None:
    course = NoduleCourse(SPEC, 9.0, 12.0)
    assert course.earlier == SPEC
    assert course.later == course.largest == NoduleSpec("part-solid", 12.0, place="pleura")
    assert NoduleCourse(SPEC, 9.0, 7.0).largest == SPEC


def test_new_and_resolved_nodules_are_at_one_time_only() -> None:
    new, resolved = NoduleCourse(SPEC, None, 9.0), NoduleCourse(SPEC, 9.0, None)
    assert (new.earlier, new.later, new.largest) == (None, SPEC, SPEC)
    assert (resolved.earlier, resolved.later, resolved.largest) == (SPEC, None, SPEC)


def test_a_nodule_that_is_never_there_is_refused() -> None:
    with pytest.raises(UsageError, match="earlier or in the later"):
        NoduleCourse(SPEC, None, None)


def test_drawn_courses_have_the_shares_that_are_written() -> None:
    drawn = [draw_courses(np.random.default_rng(seed)) for seed in range(400)]
    assert {len(courses) for courses in drawn} == set(range(FEWEST, MOST + 1))
    courses = [course for patient in drawn for course in patient]
    assert np.mean([c.earlier_mm is None for c in courses]) == pytest.approx(FATES["new"], abs=0.02)
    assert np.mean([c.later_mm is None for c in courses]) == pytest.approx(FATES["resolved"], abs=0.02)
    volumes = np.array([(c.later_mm / c.earlier_mm) ** 3 for c in courses if c.later_mm and c.earlier_mm and c.later_mm > SMALLEST_MM])
    assert np.mean(volumes > 1.25) == pytest.approx(0.25 / 0.75, abs=0.04)
    assert min(c.largest.diameter_mm for c in courses) >= SMALLEST_MM

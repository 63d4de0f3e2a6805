from __future__ import annotations

from dataclasses import replace

from nodulescope.operators.examination import Assessment, Examination, NotAssessed
from nodulescope.operators.report.first_screen import changes, first_screen
from nodulescope.operators.report.messages import ENGLISH


def test_category_with_its_nodules(follow_up: Examination) -> None:
    first = first_screen(follow_up, ENGLISH)
    assert (first.category.code, first.category.meaning) == ("4B", "Very suspicious")
    assert first.category.because == ("Nodule 1: a mass, over 30 mm",)
    assert first.warnings == ("Slices are 2.5 mm apart.", "The prior does not cover the whole lungs.")
    assert [guideline.name for guideline in first.steps] == ["Lung-RADS v2022", "Fleischner 2017", "BTS 2015"]


def test_nodules_of_one_row_are_named_together(follow_up: Examination) -> None:
    nodules = tuple(replace(nodule, lung_rads="3") for nodule in follow_up.nodules)
    rows = {"1": "solid-new-4-to-6", "2": "ground-glass-from-30", "3": "solid-new-4-to-6"}
    assessment = replace(follow_up.assessment, lung_rads="3", lung_rads_rows=rows)
    category = first_screen(replace(follow_up, nodules=nodules, assessment=assessment), ENGLISH).category
    assert category.because == ("Nodules 1 and 3: new, solid, 4 to under 6 mm", "Nodule 2: ground-glass, 30 mm or more")


def test_a_category_that_is_open_says_why(examination: Examination) -> None:
    category = first_screen(examination, ENGLISH).category
    assert (category.code, category.meaning, category.because) == ("", "not assessed", ("Airways and cysts are not seen.",))
    bare = replace(examination, assessment=Assessment(not_assessed=(NotAssessed("brock", "x"),)))
    assert first_screen(bare, ENGLISH).category.because == ("The category was not assessed.",)


def test_changes(follow_up: Examination, examination: Examination) -> None:
    comparison = follow_up.comparison
    assert comparison is not None
    changed = changes(follow_up.nodules, comparison, ENGLISH)
    assert changed.headline == "1 new, 1 growing, 1 stable, 1 resolved" and changed.alarming
    assert changed.when == "Prior of 2023-02-28, 366 days earlier"
    assert changes(follow_up.nodules, None, ENGLISH).when == changed.when  # the nodules carry it themselves
    calm = changes(follow_up.nodules[2:], replace(comparison, resolved=(), interval_days=None), ENGLISH)
    assert (calm.headline, calm.when, calm.alarming) == ("1 stable", "Prior of 2023-02-28", False)
    undated = replace(comparison, prior=replace(comparison.prior, study_date=None), resolved=())
    assert (changes((), undated, ENGLISH).headline, changes((), undated, ENGLISH).when) == ("No change", "Prior without a date")
    none = changes(examination.nodules, None, ENGLISH)
    assert (none.headline, none.alarming) == ("No prior compared", False)
    declined = changes(examination.nodules, replace(comparison, declined="The lungs do not match."), ENGLISH)
    assert (declined.headline, declined.when) == ("Prior not comparable", "The lungs do not match.")

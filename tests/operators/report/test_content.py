from __future__ import annotations

from dataclasses import replace

from nodulescope.operators.examination import Examination
from nodulescope.operators.report.content import by_suspicion, report_content


def test_the_highest_category_goes_first(examination: Examination) -> None:
    one, two, three = examination.nodules
    assert by_suspicion(examination.nodules) == examination.nodules  # without categories: as the models had it
    classed = (replace(one, lung_rads="2"), replace(two, lung_rads="4AS"), replace(three, lung_rads="4A"))
    assert [nodule.id for nodule in by_suspicion(classed)] == [2, 3, 1]
    assert [nodule.id for nodule in by_suspicion((*classed[:2], three))] == [3, 2, 1]  # not classed: it may be anything


def test_table_cards_and_markers_keep_the_numbers(examination: Examination) -> None:
    nodules = tuple(replace(n, lung_rads=category) for n, category in zip(examination.nodules, ("2", "1", "4B"), strict=True))
    content = report_content(replace(examination, nodules=nodules), "en")
    assert [row[0] for row in content.table] == ["3", "1", "2"]
    assert [card.nodule.id for card in content.cards] == [3, 1, 2]
    assert [marker.nodule_id for marker in content.projections[0].markers] == [1, 2, 3]
    assert dict(zip(content.table_head, content.table[0], strict=True))["Lung-RADS"] == "4B"

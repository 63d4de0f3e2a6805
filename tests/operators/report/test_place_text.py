from __future__ import annotations

from dataclasses import replace

import pytest

from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import nodule_to_findings
from nodulescope.operators.examination.location import Location, Region, Third
from nodulescope.operators.report.messages import CHINESE, ENGLISH
from nodulescope.operators.report.place_text import place_text


@pytest.mark.parametrize("region", Region)
@pytest.mark.parametrize(("third", "distance"), [(None, None), (Third.UPPER, 0.4), (Third.MIDDLE, 4.4), (Third.LOWER, 12.0)])
def test_english_says_what_the_findings_say(region: Region, third: Third | None, distance: float | None, examination: Examination) -> None:
    for nodule in examination.nodules[:2]:  # left and right
        placed = replace(nodule, location=Location(region, third, distance))
        assert place_text(placed, ENGLISH) == nodule_to_findings(placed)["position"]


def test_chinese(examination: Examination) -> None:
    placed = replace(examination.nodules[0], location=Location(Region.POSTEROLATERAL, Third.UPPER, 4.4))
    assert place_text(placed, CHINESE).replace(" ", "") == "左肺、上1/3、后外侧、距胸膜4mm"


def test_what_was_not_located_has_no_place(examination: Examination) -> None:
    assert place_text(replace(examination.nodules[0], location=None), ENGLISH) == ""

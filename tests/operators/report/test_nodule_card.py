from __future__ import annotations

from dataclasses import replace

import pytest

from nodulescope.bundles.contracts import CTSource
from nodulescope.operators.examination import Acceptance, Examination, Status
from nodulescope.operators.report.messages import ENGLISH, Messages, messages_in
from nodulescope.operators.report.nodule_card import nodule_card


def test_words_and_numbers(examination: Examination) -> None:
    card = nodule_card(examination, examination.nodules[0], ENGLISH)
    assert card.brief == "left lung, solid, 32.0 mm"
    assert card.malignancy == "malignancy 4.6 of 5 (93%\u00a0above\u00a03)"
    rows = dict(card.sizes + card.measurements)
    assert rows["Long × short axis"] == "32.4 × 31.6 mm"
    assert rows["Volume"] == "17\u202f157 mm³"
    assert rows["Mean density"] == "30 HU"
    assert rows["Centre (LPS)"] == "55.0, 11.0, −225.0 mm"
    assert rows["Centre slice"] == "image 170, slice 31 of 60, z −225.0 mm"
    assert "Since prior" not in rows and "Solid part, mean diameter" not in rows


def test_ratings_as_bars(examination: Examination) -> None:
    ratings = {rating.name: rating for rating in nodule_card(examination, examination.nodules[1], ENGLISH).ratings}
    assert list(ratings) == ["Malignancy", "Subtlety", "Sphericity", "Margin", "Lobulation", "Spiculation", "Texture", "Calcification"]
    assert ratings["Malignancy"].fraction == pytest.approx((2.71 - 1) / 4)
    assert (ratings["Malignancy"].text, ratings["Margin"].low, ratings["Margin"].high) == ("2.7", "ill-defined", "sharp")
    assert ratings["Calcification"].fraction == pytest.approx(0.06)
    assert ratings["Calcification"].text == "6%"


def test_ratings_of_another_bundle_are_shown_without_a_scale(examination: Examination) -> None:
    nodule = examination.nodules[0]
    other = replace(nodule, grade=replace(nodule.grade, attributes={"wall_thickness": 0.25, "margin": 9.0}))
    malignancy, margin, wall = nodule_card(examination, other, ENGLISH).ratings
    assert (wall.name, wall.text, wall.fraction) == ("wall thickness", "0.25", None)
    assert (margin.text, margin.fraction) == ("9.0", 1.0)
    assert malignancy.steps


def test_planes_carry_axes_markers_and_slice_lines(examination: Examination) -> None:
    card = nodule_card(examination, examination.nodules[0], ENGLISH)
    axial, coronal, sagittal = card.planes
    assert [p.edges for p in card.planes] == [("R", "L", "A"), ("R", "L", "H"), ("A", "P", "H")]
    assert axial.axes == ((60.0, 120.0, 180.0, 120.0), (120.0, 60.0, 120.0, 180.0))  # ± 16 mm of 64 mm on 240 pixels
    assert coronal.axes == () and axial.slice_lines == ()
    assert coronal.slice_lines[card.stack.grid.start] == pytest.approx(120.0)
    assert len(sagittal.slice_lines) == len(card.captions) == len(card.stack.outlines)
    assert coronal.slice_lines[0] > coronal.slice_lines[-1]  # the first slice is nearest to the feet, low on the picture


def test_captions_without_headers(examination: Examination) -> None:
    plain = replace(examination, ct=replace(examination.ct, source=CTSource("nrrd")))
    card = nodule_card(plain, examination.nodules[1], ENGLISH)
    assert card.captions[card.stack.grid.start] == "slice 21 of 60, z −250.0 mm"


def test_guidelines_on_the_card(examination: Examination) -> None:
    nodule = replace(examination.nodules[1], lung_rads="2", status=Status.STABLE)
    sizes = replace(nodule.measurements, solid_diameter_mm=3.25)
    assessment = replace(
        examination.assessment,
        lung_rads_rows={"2": "ground-glass-under-30"},
        brock={"2": {"low": 0.012, "high": 0.079, "unknown": ("age",)}},
    )
    card = nodule_card(replace(examination, assessment=assessment), replace(nodule, measurements=sizes), ENGLISH)
    assert card.category == "Lung-RADS 2: ground-glass, under 30 mm"
    rows = dict(card.sizes + card.measurements)
    assert (rows["Since prior"], rows["Brock cancer risk"], rows["Solid part, mean diameter"]) == ("stable", "1%–8%", "3.2 mm")
    assert nodule_card(examination, examination.nodules[1], ENGLISH).category == ""


@pytest.mark.parametrize(
    ("acceptance", "language", "said", "score"),
    [
        (Acceptance.OPERATING_POINT, ENGLISH, "", "0.97"),
        (Acceptance.PRIOR, ENGLISH, "Below the operating point on its own; accepted because the prior knows a nodule here.", "0.97"),
        (
            Acceptance.PRIOR_PLACE,
            ENGLISH,
            "Not offered by the detector; looked for and accepted because the prior knows a nodule here.",
            None,
        ),
        (Acceptance.PRIOR, messages_in("zh"), "单凭本次图像低于报告阈值", "0.97"),
        (Acceptance.PRIOR_PLACE, messages_in("zh"), "检测模型未提示该处", None),
    ],
)
def test_why_a_nodule_is_reported_that_would_not_be_on_its_own(
    acceptance: Acceptance, language: Messages, said: str, score: str | None, examination: Examination
) -> None:
    card = nodule_card(examination, replace(examination.nodules[0], acceptance=acceptance), language)
    assert card.acceptance.startswith(said)
    assert bool(card.acceptance) == bool(said)
    assert dict(card.measurements).get(language("nodule.detector")) == score

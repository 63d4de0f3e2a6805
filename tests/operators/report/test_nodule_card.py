from __future__ import annotations

from dataclasses import replace

import pytest

from nodulescope.bundles.contracts import CTSource
from nodulescope.operators.examination import Examination, Status
from nodulescope.operators.report.messages import ENGLISH
from nodulescope.operators.report.nodule_card import nodule_card


def test_words_and_numbers(examination: Examination) -> None:
    card = nodule_card(examination.ct, examination.nodules[0], ENGLISH)
    assert card.brief == "left lung, solid, 32.0 mm"
    assert card.malignancy == "malignancy 4.6 of 5 (93%\u00a0above\u00a03)"
    rows = dict(card.measurements)
    assert rows["Long × short axis"] == "32.4 × 31.6 mm"
    assert rows["Volume"] == "17\u202f157 mm³"
    assert rows["Mean density"] == "30 HU"
    assert rows["Centre (LPS)"] == "55.0, 11.0, −225.0 mm"
    assert rows["Centre slice"] == "image 170, slice 31 of 60, z −225.0 mm"
    assert "Since prior" not in rows and "Solid part, mean diameter" not in rows


def test_ratings_as_bars(examination: Examination) -> None:
    ratings = {rating.name: rating for rating in nodule_card(examination.ct, examination.nodules[1], ENGLISH).ratings}
    assert list(ratings) == ["Malignancy", "Subtlety", "Sphericity", "Margin", "Lobulation", "Spiculation", "Texture", "Calcification"]
    assert ratings["Malignancy"].fraction == pytest.approx((2.71 - 1) / 4)
    assert (ratings["Malignancy"].text, ratings["Margin"].low, ratings["Margin"].high) == ("2.7", "ill-defined", "sharp")
    assert ratings["Calcification"].fraction == pytest.approx(0.06)
    assert ratings["Calcification"].text == "6%"


def test_ratings_of_another_bundle_are_shown_without_a_scale(examination: Examination) -> None:
    nodule = examination.nodules[0]
    other = replace(nodule, grade=replace(nodule.grade, attributes={"wall_thickness": 0.25, "margin": 9.0}))
    malignancy, margin, wall = nodule_card(examination.ct, other, ENGLISH).ratings
    assert (wall.name, wall.text, wall.fraction) == ("wall thickness", "0.25", None)
    assert (margin.text, margin.fraction) == ("9.0", 1.0)
    assert malignancy.steps


def test_planes_carry_axes_markers_and_slice_lines(examination: Examination) -> None:
    card = nodule_card(examination.ct, examination.nodules[0], ENGLISH)
    axial, coronal, sagittal = card.planes
    assert [p.edges for p in card.planes] == [("R", "L", "A"), ("R", "L", "H"), ("A", "P", "H")]
    assert axial.axes == ((60.0, 120.0, 180.0, 120.0), (120.0, 60.0, 120.0, 180.0))  # ± 16 mm of 64 mm on 240 pixels
    assert coronal.axes == () and axial.slice_lines == ()
    assert coronal.slice_lines[card.stack.grid.start] == pytest.approx(120.0)
    assert len(sagittal.slice_lines) == len(card.captions) == len(card.stack.outlines)
    assert coronal.slice_lines[0] > coronal.slice_lines[-1]  # the first slice is nearest to the feet, low on the picture


def test_captions_without_headers(examination: Examination) -> None:
    ct = replace(examination.ct, source=CTSource("nrrd"))
    card = nodule_card(ct, examination.nodules[1], ENGLISH)
    assert card.captions[card.stack.grid.start] == "slice 21 of 60, z −250.0 mm"


def test_what_is_known_of_a_prior(examination: Examination) -> None:
    nodule = examination.nodules[1]
    sizes = replace(nodule.measurements, solid_diameter_mm=3.25)
    followed = replace(nodule, status=Status.GROWING, prior={"mean_diameter_mm": 7.5}, lung_rads="4B", measurements=sizes)
    card = nodule_card(examination.ct, followed, ENGLISH)
    rows = dict(card.measurements)
    assert (rows["Since prior"], rows["Lung-RADS"], rows["Solid part, mean diameter"]) == ("growing", "4B", "3.2 mm")
    assert card.prior == (("mean diameter mm", "7.5"),)

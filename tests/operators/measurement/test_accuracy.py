"""Phantom nodules measured on their true outlines, against the truth. `tests/benchmarks/measurement_accuracy.py` is the large sister."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from nodulescope.bundles.contracts import LungMask
from nodulescope.bundles.data.phantoms import NoduleSpec, PhantomNodule, Scanner
from nodulescope.bundles.data.phantoms.nodule_truth import TruePleura, true_outline
from nodulescope.bundles.data.phantoms.phantom import plan_phantom, scan_planned
from nodulescope.operators.examination import Location, Measurements, NoduleType, Side
from nodulescope.operators.measurement import LungSections, locate, measure

SPECS = (
    NoduleSpec("solid", 4.5),
    NoduleSpec("solid", 6.5, place="pleura"),
    NoduleSpec("calcified", 7.0, place="vessel"),
    NoduleSpec("ground-glass", 7.5),
    NoduleSpec("part-solid", 10.0, lobulation=0.6),
    NoduleSpec("ground-glass", 12.0),
    NoduleSpec("solid", 14.0, spiculation=0.5),
    NoduleSpec("part-solid", 20.0, place="pleura"),
    NoduleSpec("solid", 25.0, lobulation=0.5),
)


@dataclass(frozen=True)
class Case:
    truth: PhantomNodule
    pleura_mm: float
    sizes: Measurements
    kind: NoduleType
    side: Side
    place: Location


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    plan = plan_phantom(3, scanner=Scanner((1.0, 1.0, 1.25)), nodules=SPECS)
    pleura = TruePleura(plan)
    scan = scan_planned(plan)
    lungs = LungMask(scan.lungs, scan.ct.affine_lps, True)
    sections = LungSections(lungs)
    measured = []
    for made in plan.made:
        outline = true_outline(made)
        measured.append(Case(made.truth, pleura.distance_mm(made), *measure(outline, scan.ct), *locate(outline, lungs, sections)))
    return measured


def test_diameters_are_within_a_millimetre(cases: list[Case]) -> None:
    errors = np.array([case.sizes.mean_diameter_mm - case.truth.mean_diameter_mm for case in cases])
    assert np.abs(errors).max() < 1.0
    assert abs(errors.mean()) < 0.5
    assert errors.std() < 0.5


def test_volumes_are_within_15_percent(cases: list[Case]) -> None:
    errors = np.array([case.sizes.volume_mm3 / case.truth.volume_mm3 - 1 for case in cases])
    assert np.abs(errors).max() < 0.15
    large = errors[[case.truth.mean_diameter_mm >= 6 for case in cases]]
    assert np.abs(large).max() < 0.06


def test_the_long_axis_is_within_a_millimetre(cases: list[Case]) -> None:
    errors = [case.sizes.long_axis_mm - case.truth.long_axis_mm for case in cases]
    assert np.abs(errors).max() < 1.0


def test_the_solid_part_of_part_solid_nodules_is_measured(cases: list[Case]) -> None:
    part_solid = [case for case in cases if case.truth.kind == "part-solid"]
    errors = [case.sizes.solid_diameter_mm - case.truth.solid_diameter_mm for case in part_solid]
    assert len(errors) == 2
    assert np.abs(errors).max() < 1.0


def test_types_sides_and_centres_are_right(cases: list[Case]) -> None:
    assert [str(case.kind) for case in cases] == [case.truth.kind for case in cases]
    assert [str(case.side) for case in cases] == [case.truth.side for case in cases]
    away = [np.linalg.norm(np.subtract(case.sizes.center_lps_mm, case.truth.center_lps_mm)) for case in cases]
    assert max(away) < 0.5


def test_the_distance_to_the_pleura_is_within_a_millimetre(cases: list[Case]) -> None:
    errors = [case.place.pleura_distance_mm - case.pleura_mm for case in cases]
    assert np.abs(errors).max() < 1.0
    assert [case.place.pleura_distance_mm for case in cases if case.truth.place == "pleura"] == [0.0, 0.0]

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from pydicom.dataset import Dataset

from nodulescope.bundles.contracts import Candidate, CTSource
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.data.phantoms import Motion
from nodulescope.bundles.errors import InputError
from nodulescope.operators.examination import Acceptance, Examination, Nodule, NotAssessed, Status
from nodulescope.operators.examination.findings_json import examination_to_findings, nodule_to_findings, validate_findings
from nodulescope.operators.priors import PriorComparison, compare, prior_from_examination, with_prior
from nodulescope.operators.priors import comparison as comparison_module
from nodulescope.operators.priors.registration import Method, Registration

MakeExamination = Callable[..., Examination]

GROWING, STABLE, SHRINKING, RESOLVED, NEW = (
    (-50.0, 0.0, 40.0),
    (50.0, 10.0, 100.0),
    (-40.0, 20.0, 100.0),
    (45.0, -20.0, 60.0),
    (40.0, 0.0, 30.0),
)
BEFORE = {"1.1": (STABLE, 8.0), "1.2": (RESOLVED, 6.0), "1.3": (GROWING, 6.0), "1.4": (SHRINKING, 10.0)}
NOW = {"2.1": (GROWING, 8.0), "2.2": (NEW, 5.0), "2.3": (SHRINKING, 7.0), "2.4": (STABLE, 8.3)}


@pytest.fixture(scope="module")
def prior(make_examination: MakeExamination) -> Examination:
    return make_examination(False, BEFORE, "20250301", "1.2.1")


@pytest.fixture(scope="module")
def current(make_examination: MakeExamination) -> Examination:
    return make_examination(True, NOW, "20250830", "1.2.2")


@pytest.fixture(scope="module")
def comparison(prior: Examination, current: Examination) -> PriorComparison:
    return compare(current, prior_from_examination(prior))


def test_every_nodule_finds_its_past(comparison: PriorComparison) -> None:
    assert comparison.status == {1: Status.GROWING, 2: Status.NEW, 3: Status.SHRINKING, 4: Status.STABLE}
    assert {number: entry["tracking_uid"] for number, entry in comparison.entries.items()} == {1: "1.3", 3: "1.4", 4: "1.1"}
    assert {number: entry["id"] for number, entry in comparison.entries.items()} == {1: 3, 3: 4, 4: 1}
    assert comparison.method is Method.DEFORMABLE
    assert comparison.lung_dice is not None
    assert comparison.lung_dice > 0.9
    assert comparison.interval_days == 182
    assert comparison.declined == ""


def test_growth_in_numbers(comparison: PriorComparison) -> None:
    grown, stable = comparison.entries[1], comparison.entries[4]
    assert grown["volume_change_percent"] == pytest.approx(100 * ((8 / 6) ** 3 - 1))
    assert grown["volume_doubling_time_days"] == pytest.approx(182 * np.log(2) / (3 * np.log(8 / 6)))
    assert grown["mean_diameter_change_mm"] == pytest.approx(2.0)
    assert (grown["lung_rads_growth"], grown["study_date"], grown["interval_days"]) == (True, "2025-03-01", 182)
    assert grown["registration_distance_mm"] < 5.0
    np.testing.assert_allclose(grown["center_lps_mm"], GROWING)
    assert stable["volume_doubling_time_days"] is None
    assert stable["lung_rads_growth"] is False
    assert comparison.entries[3]["volume_doubling_time_days"] is None


def test_resolved_nodules_have_a_place_in_the_current_scan(comparison: PriorComparison, motion: Motion) -> None:
    (gone,) = comparison.resolved
    assert (gone.prior.tracking_uid, gone.prior.mean_diameter_mm) == ("1.2", 6.0)
    assert np.linalg.norm(np.array(gone.place_lps_mm) - motion.to_later(RESOLVED)) < 5.0


def test_the_comparison_keeps_the_scan_for_pictures_and_drops_the_mask(comparison: PriorComparison, prior: Examination) -> None:
    assert comparison.prior.ct is prior.ct
    assert comparison.prior.lungs is None
    assert len(comparison.prior.nodules) == 4


def test_into_the_examination(current: Examination, comparison: PriorComparison) -> None:
    told = replace(current, assessment=replace(current.assessment, not_assessed=(NotAssessed("nodules[].prior", "none given"),)))
    exam = with_prior(told, comparison)
    assert exam.comparison is comparison
    assert [n.tracking_uid for n in exam.nodules] == ["1.3", "2.2", "1.4", "1.1"]
    assert [n.status for n in exam.nodules] == [Status.GROWING, Status.NEW, Status.SHRINKING, Status.STABLE]
    assert [n.prior is None for n in exam.nodules] == [False, True, False, False]
    assert exam.assessment.not_assessed == ()
    written = nodule_to_findings(exam.nodules[0])
    assert written["status"] == "growing"
    assert written["prior"]["volume_change_percent"] == pytest.approx(137.037, abs=1e-3)


def test_as_findings(current: Examination, comparison: PriorComparison) -> None:
    findings = examination_to_findings(with_prior(current, comparison))
    validate_findings(findings)
    values = findings["prior"]
    assert (values["study_date"], values["series_instance_uid"]) == ("2025-03-01", comparison.prior.series_instance_uid)
    assert values["interval_days"] == 182
    assert values["declined"] is None
    (gone,) = values["resolved"]
    assert (gone["tracking_uid"], gone["mean_diameter_mm"], gone["volume_mm3"], gone["side"]) == ("1.2", 6.0, 113, "left")


@pytest.fixture(scope="module")
def unsure(current: Examination) -> Examination:
    """The current scan, where the models are sure of the new nodule alone; the stable one they have not even offered."""
    growing, new, shrinking, _ = current.nodules
    suspicious = replace(growing, id=2, grade=replace(growing.grade, probability=0.82, malignancy_probability=0.9))
    return replace(
        current,
        nodules=(replace(new, id=1),),
        subthreshold=(suspicious, replace(shrinking, id=3, grade=replace(shrinking.grade, probability=0.61)), elsewhere(new)),
    )


def elsewhere(nodule: Nodule) -> Nodule:
    """A weaker finding that no nodule of the prior explains."""
    sizes = replace(nodule.measurements, center_lps_mm=(-50.0, -20.0, 130.0))
    return replace(nodule, id=4, tracking_uid="2.9", measurements=sizes, grade=replace(nodule.grade, probability=0.7))


def test_nodules_below_the_operating_point_are_confirmed_by_the_prior(unsure: Examination, prior: Examination) -> None:
    found = compare(unsure, prior_from_examination(prior))
    exam = with_prior(unsure, found)
    # By suspicion the growing one goes before the one that was reported: 0.9 x 0.82 against 0.5 x 0.95.
    assert [(n.id, n.tracking_uid, n.status, n.acceptance) for n in exam.nodules] == [
        (1, "1.3", Status.GROWING, Acceptance.PRIOR),
        (2, "2.2", Status.NEW, Acceptance.OPERATING_POINT),
        (3, "1.4", Status.SHRINKING, Acceptance.PRIOR),
    ]
    assert {number: entry["id"] for number, entry in found.entries.items()} == {1: 3, 3: 4}
    assert [gone.prior.tracking_uid for gone in found.resolved] == ["1.1", "1.2"]
    assert [(n.id, n.tracking_uid) for n in exam.subthreshold] == [(4, "2.9")]
    assert [int(exam.nodule_labels[voxel_of(exam, n)]) for n in exam.nodules] == [1, 2, 3]
    assert found.warnings[-2:] == (
        "Nodule 1: below the operating point on its own (nodule probability 82%); accepted because the prior knows a nodule here.",
        "Nodule 3: below the operating point on its own (nodule probability 61%); accepted because the prior knows a nodule here.",
    )
    findings = examination_to_findings(exam)
    validate_findings(findings)
    assert [n["acceptance"] for n in findings["nodules"]] == ["prior", "operating-point", "prior"]
    assert [n["probability"] for n in findings["nodules"]] == [0.82, 0.95, 0.61]


def voxel_of(exam: Examination, nodule: Nodule) -> tuple[int, ...]:
    return tuple(int(i) for i in np.rint(world_to_index(exam.ct.affine_lps, nodule.measurements.center_lps_mm)))


def test_places_of_the_prior_are_looked_at_where_the_lungs_were_registered(
    unsure: Examination, current: Examination, prior: Examination, motion: Motion
) -> None:
    asked: list[Candidate] = []
    stable = replace(current.nodules[3], acceptance=Acceptance.PRIOR_PLACE, grade=replace(current.nodules[3].grade, probability=0.55))

    def look(places: Sequence[Candidate]) -> list[Nodule]:
        asked.extend(places)
        return [stable]

    exam = with_prior(unsure, compare(unsure, prior_from_examination(prior), look))
    assert [place.diameter_mm for place in asked] == [8.0, 6.0]
    for place, there in zip(asked, (STABLE, RESOLVED), strict=True):
        assert np.linalg.norm(np.array(place.center_lps_mm) - motion.to_later(there)) < 5.0
    assert [(n.id, n.tracking_uid, n.status) for n in exam.nodules][2:] == [(3, "1.4", Status.SHRINKING), (4, "1.1", Status.STABLE)]
    assert exam.comparison is not None
    assert [gone.prior.tracking_uid for gone in exam.comparison.resolved] == ["1.2"]
    assert (
        "Nodule 4: not offered by the detector (nodule probability 55%); "
        "looked for and accepted because the prior knows a nodule here." in exam.comparison.warnings
    )


def test_where_only_the_extents_of_the_lungs_are_known_weaker_findings_count_and_nothing_is_looked_for(
    unsure: Examination, prior: Examination
) -> None:
    def look(_places: Sequence[Candidate]) -> list[Nodule]:
        raise AssertionError("its places are off by centimetres")

    known = replace(prior_from_examination(prior), ct=None, lungs=None)
    found = compare(unsure, known, look)
    assert found.method is Method.EXTENT
    assert [found.entries[number]["tracking_uid"] for number in (1, 3)] == ["1.3", "1.4"]


def test_a_prior_that_is_declined_confirms_nothing(unsure: Examination, prior: Examination) -> None:
    declined = compare(
        replace(unsure, lung_mask=replace(unsure.lung_mask, labels=np.zeros_like(unsure.lung_mask.labels))), prior_from_examination(prior)
    )
    exam = with_prior(unsure, declined)
    assert (exam.nodules, exam.subthreshold) == (unsure.nodules, unsure.subthreshold)


def test_without_nodules_now_all_are_resolved_and_without_nodules_then_all_are_new(make_examination: MakeExamination) -> None:
    empty, full = make_examination(False, {}, series="1.2.1"), make_examination(False, BEFORE, series="1.2.2")
    assert [gone.prior.id for gone in compare(empty, prior_from_examination(full)).resolved] == [1, 2, 3, 4]
    assert set(compare(full, prior_from_examination(empty)).status.values()) == {Status.NEW}


def test_what_one_of_the_scans_does_not_show_is_neither_new_nor_resolved(
    make_examination: MakeExamination, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = Registration(Method.AFFINE, lambda points: np.add(points, (0.0, 0.0, 150.0)), 12.0, 0.9)
    monkeypatch.setattr(comparison_module, "_register", lambda *_: nowhere)
    before = make_examination(False, {"1.1": ((50.0, 10.0, 20.0), 5.0), "1.2": ((50.0, 10.0, 140.0), 5.0)}, series="1.2.1")
    now = make_examination(False, {"2.1": (NEW, 5.0), "2.2": ((50.0, 10.0, 145.0), 5.0)}, series="1.2.2")
    found = compare(now, prior_from_examination(before))
    # 150 mm lower lie z = -120 mm, which the prior did not scan, and z = -5 mm, which it did; z = 140 mm comes to lie above the scan.
    assert found.status == {1: Status.BASELINE, 2: Status.NEW}
    assert [gone.prior.id for gone in found.resolved] == []
    text = " ".join(found.warnings)
    assert "Nodule 1: outside the prior scan" in text
    assert "2 of 2 nodules" in text or "1 of 2 nodules" in text


def test_a_prior_that_does_not_fit_is_declined(current: Examination, prior: Examination) -> None:
    squeezed = prior.lung_mask.affine_lps.copy()
    squeezed[2] *= 0.4
    known = prior_from_examination(prior)
    assert known.lungs is not None
    assert known.ct is not None
    flat = replace(known, ct=replace(known.ct, affine_lps=squeezed), lungs=replace(known.lungs, affine_lps=squeezed))
    found = compare(current, flat)
    assert "stretched" in found.declined
    assert (found.entries, found.status, found.resolved, found.method) == ({}, {}, (), None)
    exam = with_prior(current, found)
    assert exam.nodules == current.nodules
    assert examination_to_findings(exam)["prior"]["declined"] == found.declined
    assert exam.assessment.not_assessed == (NotAssessed("nodules[].prior", found.declined),)


def test_the_same_series_and_a_later_one_are_refused(current: Examination, prior: Examination) -> None:
    with pytest.raises(InputError, match="very series"):
        compare(current, prior_from_examination(current))
    with pytest.raises(InputError, match="182 days later"):
        compare(prior, prior_from_examination(current))


def test_warnings_that_need_no_registration(current: Examination, prior: Examination) -> None:
    header = Dataset()
    header.PatientID = "P2"
    other = replace(prior.ct, source=CTSource("dicom", instances=(header,)))
    known = replace(prior_from_examination(replace(prior, ct=other)), lungs=None, slice_spacing_mm=1.0, fully_covered=False)
    text = " ".join(compare(current, known).warnings)
    assert "another patient ID" in text
    assert "P2" not in text
    assert "study date" in text
    assert "1.0 and 3.0 mm apart" in text
    assert "does not cover the whole lungs" in text
    assert "rough" in text


def test_days_between_the_studies(prior: Examination) -> None:
    assert prior_from_examination(prior).study_date == date(2025, 3, 1)

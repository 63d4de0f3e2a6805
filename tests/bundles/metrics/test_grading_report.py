from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from nodulescope.bundles.metrics.evaluation_report import EvaluationReport
from nodulescope.bundles.metrics.graded_cases import GradedCase
from nodulescope.bundles.metrics.grading_report import grading_report


def simulated(patients: int = 60, seed: int = 0) -> list[GradedCase]:
    """One to three nodules a patient: readers scatter around a truth, the network less, size says little; and empty places."""
    rng = np.random.default_rng(seed)
    cases = []
    for number in range(patients):
        for nodule in range(int(rng.integers(1, 4))):
            truth = rng.uniform(1, 5)
            readers = tuple(float(r) for r in np.clip(np.rint(truth + rng.normal(0, 0.9, 4)), 1, 5))
            malignancy = float(np.clip(truth + rng.normal(0, 0.5), 1, 5))
            sure = float(expit(4.0 * (truth - 3)))  # too sure of itself
            diameter = float(np.exp(1.8 + 0.1 * truth + rng.normal(0, 0.3)))
            name = f"{number}_{nodule}"
            case = GradedCase(name, f"p{number:02d}", True, readers, float(expit(rng.normal(2, 1))), malignancy, sure, diameter)
            cases.append(replace(case, size_malignancy=float(np.clip(diameter / 3, 1, 5)), slice_cnn_probability=float(rng.random())))
        empty = GradedCase(f"{number}_empty", f"p{number:02d}", False, (), float(expit(rng.normal(-1, 1))), 1.0, 0.1)
        cases.append(empty)
    return cases


@pytest.fixture(scope="module")
def cases() -> list[GradedCase]:
    return simulated()


@pytest.fixture(scope="module")
def report(cases: list[GradedCase]) -> EvaluationReport:
    return grading_report(cases, title="Simulated", settings={"draws": 60}, draws=60)


def value(report: EvaluationReport, table: str, row: str, column: str) -> float:
    return report.table(table).row(row).values[column].value


def test_figures_are_the_formulas(report: EvaluationReport, cases: list[GradedCase]) -> None:
    rated = [case for case in cases if case.nodule]
    mean = np.array([np.mean(case.reader_malignancy) for case in rated])
    network = np.array([case.malignancy for case in rated])
    size = np.array([case.diameter_mm for case in rated])
    high, low = network[mean > 3], network[mean < 3]
    wins = [(1.0 if a > b else 0.5 if a == b else 0.0) for a in high for b in low]
    assert value(report, "malignancy", "auc", "network") == pytest.approx(np.mean(wins))
    assert value(report, "malignancy", "spearman", "network") == pytest.approx(stats.spearmanr(network, mean).statistic)
    assert value(report, "malignancy", "spearman", "size") == pytest.approx(stats.spearmanr(size, mean).statistic)
    assert value(report, "malignancy", "mae", "network") == pytest.approx(np.abs(network - mean).mean())
    assert value(report, "malignancy", "within_one", "network") == pytest.approx((np.abs(network - mean) <= 1).mean())
    assert (report.cases, report.patients) == (len(cases), 60)
    assert report.table("malignancy").title == f"Malignancy of {len(rated)} nodules of 60 patients"


def test_readers_are_measured_against_the_others(report: EvaluationReport, cases: list[GradedCase]) -> None:
    pairs = [
        (r, (sum(case.reader_malignancy) - r) / (len(case.reader_malignancy) - 1), case.malignancy)
        for case in cases
        for r in case.reader_malignancy
    ]
    rating, others, network = np.array(pairs).T
    assert value(report, "malignancy", "mae", "readers") == pytest.approx(np.abs(rating - others).mean())
    assert value(report, "malignancy", "spearman", "readers") == pytest.approx(stats.spearmanr(rating, others).statistic)
    assert value(report, "readers", "mae", "network") == pytest.approx(np.abs(network - others).mean())
    assert value(report, "readers", "mae", "readers") == value(report, "malignancy", "mae", "readers")


def test_baselines_stand_beside_with_paired_differences(report: EvaluationReport) -> None:
    row = report.table("malignancy").row("auc")
    assert set(row.values) == {"network", "probability", "size", "slice_cnn", "readers"}
    difference = report.table("differences").row("auc").values["network_minus_size"]
    assert difference.value == pytest.approx(row.values["network"].value - row.values["size"].value)
    assert difference.high - difference.low < (row.values["size"].high - row.values["size"].low) * 1.2
    assert difference.low > 0
    assert "slice_cnn" not in report.table("malignancy").row("mae").values  # it gives a score, no rating


def test_every_interval_holds_its_value(report: EvaluationReport) -> None:
    estimates = [e for table in report.tables for row in table.rows for e in row.values.values() if math.isfinite(e.low)]
    assert len(estimates) > 40
    assert all(e.low <= e.value <= e.high for e in estimates)


def test_nodule_or_not(report: EvaluationReport, cases: list[GradedCase]) -> None:
    there = np.array([case.probability for case in cases if case.nodule])
    empty = np.array([case.probability for case in cases if not case.nodule])
    u = stats.mannwhitneyu(there, empty).statistic
    assert value(report, "nodule", "auc", "network") == pytest.approx(u / (len(there) * len(empty)))


def test_recalibration_helps_a_network_that_is_too_sure(report: EvaluationReport) -> None:
    for row in ("malignant_ece", "malignant_brier", "malignant_decided_brier"):
        figures = report.table("calibration").row(row).values
        if row != "malignant_decided_brier":
            assert figures["recalibrated"].value < 0.9 * figures["as_it_is"].value
    assert math.isnan(report.table("calibration").row("malignant_ece").values["as_it_is"].low)


def test_without_empty_places_and_outlines_their_figures_are_left_out(cases: list[GradedCase]) -> None:
    bare = [replace(c, diameter_mm=math.nan, size_malignancy=math.nan, slice_cnn_probability=math.nan) for c in cases if c.nodule]
    report = grading_report(bare, title="Bare", settings={}, draws=0)
    assert [table.key for table in report.tables] == ["malignancy", "readers", "calibration"]
    assert list(report.table("malignancy").columns) == ["network", "probability", "readers"]
    assert not any(row.key.startswith("nodule") for row in report.table("calibration").rows)
    assert all(math.isnan(e.low) for table in report.tables for row in table.rows for e in row.values.values())


def test_one_reader_each_gives_no_agreement_of_readers(cases: list[GradedCase]) -> None:
    single = [replace(case, reader_malignancy=case.reader_malignancy[:1]) for case in cases]
    report = grading_report(single, title="Single", settings={}, draws=0)
    assert "readers" not in {table.key for table in report.tables}
    assert "readers" not in report.table("malignancy").columns


def test_the_same_seed_gives_the_same_figures(cases: list[GradedCase]) -> None:
    few = cases[:40]
    first, second = (grading_report(few, title="", settings={}, draws=10, seed=s).to_json() for s in (4, 4))
    assert first == second
    assert first != grading_report(few, title="", settings={}, draws=10, seed=5).to_json()

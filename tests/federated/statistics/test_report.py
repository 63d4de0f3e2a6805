import json

import pytest

from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.federated.statistics.difference import Statistics, read_statistics
from nodulescope.federated.statistics.features import FEATURES
from nodulescope.federated.statistics.recipe import StatisticsRecipe
from nodulescope.federated.statistics.report import sentence, write_report


def _site(shift, **silent):
    """A site whose values all lie in two bins."""
    told = {}
    for feature in FEATURES:
        histogram = [0] * feature.bins
        histogram[shift], histogram[shift + 1] = 30, 10
        told[feature.name] = {"patients": 12, "count": 40, "mean": 1.5, "spread": 0.25, "histogram": histogram}
    return {**told, **{name: {"patients": 0} for name in silent}}


@pytest.fixture
def statistics():
    sites = {"north": _site(0), "south": _site(0), "west": _site(5, slice_thickness_mm=True)}
    return Statistics(sites, {"east": "it gave no answer in time"})


def test_distance_is_0_for_the_same_and_1_without_overlap(statistics):
    found = {(d.feature.name, d.first, d.second): d for d in statistics.differences()}
    assert found["hu", "north", "south"].distance == pytest.approx(0.0)
    assert found["hu", "north", "south"].verdict == "alike"
    assert found["hu", "north", "west"].distance == pytest.approx(1.0)
    assert found["hu", "north", "west"].verdict == "very different"
    assert ("slice_thickness_mm", "north", "west") not in found  # west told nothing of it
    assert statistics.differences()[0].distance == pytest.approx(1.0)


def test_the_report_says_what_is_told_and_what_is_not(statistics, tmp_path):
    page = write_report(statistics, tmp_path).read_text()
    assert page.count("data:image/png;base64,") == len(FEATURES)
    assert "<b>east</b> is missing: it gave no answer in time." in page
    assert page.count("not told</span>") == 1
    assert "1.5 ± 0.25 (12)" in page
    assert sentence(statistics) in page
    content = json.loads((tmp_path / "statistics.json").read_text())
    assert content["absent"] == {"east": "it gave no answer in time"}
    assert content["differences"][0]["verdict"] == "very different"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["statistics.html", "statistics.json"]


def test_one_sentence(statistics):
    assert sentence(statistics).startswith("The sites differ very much, most in Hounsfield units (north and west, distance 1.00)")
    assert sentence(Statistics({"north": _site(0), "south": _site(0)}, {})).startswith("The sites are alike")
    assert sentence(Statistics({}, {})) == "No two sites told enough to be compared."


def test_other_files_are_refused(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="holds no federated statistics"):
        read_statistics(tmp_path / "other.json")


def test_a_job_needs_two_sites_and_asks_for_no_fewer_patients_than_sites_tell():
    with pytest.raises(UsageError, match="at least two"):
        StatisticsRecipe("statistics", ["north"])
    with pytest.raises(UsageError, match="fewer than 5 patients"):
        StatisticsRecipe("statistics", ["north", "south"], least_patients=2)

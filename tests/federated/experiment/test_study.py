import math

import pytest

from nodulescope.federated.experiment.plots import plot_models
from nodulescope.federated.experiment.study import BundleResult
from nodulescope.federated.experiment.training import Trained


def _result(pooled=0.9, fedavg=0.87):
    scores = {"north": 0.6, "south": 0.8, "pooled": pooled, "fedavg": fedavg, "scaffold": 0.7}
    return BundleResult("nodule_grading", {name: Trained({"auc": score}, "auc") for name, score in scores.items()}, ("north", "south"))


def test_gain_is_over_the_mean_of_local_models():
    result = _result()
    assert result.local_mean == pytest.approx(0.7)
    assert result.share_of_gain("fedavg") == pytest.approx(0.85)
    assert result.share_of_gain("scaffold") == pytest.approx(0.0)
    assert result.to_json()["share_of_gain"] == {"fedavg": 0.85, "scaffold": 0.0}


def test_where_pooling_gains_nothing_there_is_no_share():
    assert math.isnan(_result(pooled=0.65).share_of_gain("fedavg"))
    assert _result(pooled=0.65).to_json()["share_of_gain"]["fedavg"] is None


def test_a_picture_of_all_models(tmp_path):
    plot_models(_result(), tmp_path / "models.png")
    assert (tmp_path / "models.png").read_bytes().startswith(b"\x89PNG")

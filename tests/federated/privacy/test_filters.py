import numpy as np
import pytest
from nvflare.apis.dxo import DXO, DataKind, MetaKey
from nvflare.apis.fl_context import FLContext
from nvflare.app_common.filters.percentile_privacy import PercentilePrivacy
from nvflare.app_common.filters.svt_privacy import SVTPrivacy

from nodulescope.federated.privacy import PrivacyPlan
from nodulescope.federated.privacy.filters import result_filters, site_filters
from nodulescope.federated.privacy.gaussian_filter import GaussianPrivacy


def _passed(plan, update, steps=10):
    (made,) = result_filters(PrivacyPlan.parse(plan))
    dxo = DXO(DataKind.WEIGHT_DIFF, {name: value.copy() for name, value in update.items()}, {MetaKey.NUM_STEPS_CURRENT_ROUND: steps})
    return made.process_dxo(dxo, dxo.to_shareable(), FLContext()).data


@pytest.fixture
def update():
    """What ten steps of AdamW at a learning rate of 0.0015 typically change: some ten thousandths to a hundredth."""
    return {"w": np.random.default_rng(0).normal(0, 0.004, 4000).astype(np.float32)}


def _agreement(update, passed):
    return float(np.corrcoef(update["w"], passed["w"])[0, 1])


def test_order_and_kinds():
    plan = PrivacyPlan.parse({"sparse_vector": {}, "percentile": {}})
    assert [type(made) for made in result_filters(plan)] == [PercentilePrivacy, SVTPrivacy]
    assert [type(made) for made in result_filters(PrivacyPlan.parse({"gaussian": {}}))] == [GaussianPrivacy]
    assert result_filters(PrivacyPlan()) == []


def test_percentile_keeps_the_large_changes_as_they_are(update):
    passed = _passed({"percentile": {"percentile": 75}}, update)["w"]
    kept = passed != 0
    assert kept.mean() == pytest.approx(0.25, abs=0.001)
    np.testing.assert_allclose(passed[kept], update["w"][kept], rtol=1e-5)
    assert np.abs(update["w"][kept]).min() >= np.abs(update["w"][~kept]).max()


def test_sparse_vector_still_points_where_training_went(update):
    passed = _passed({"sparse_vector": {}}, update)
    assert (passed["w"] != 0).mean() == pytest.approx(0.5, abs=0.01)
    assert _agreement(update, passed) > 0.3


def test_the_stock_defaults_of_sparse_vector_do_not(update):
    made = SVTPrivacy()
    dxo = DXO(DataKind.WEIGHT_DIFF, dict(update), {MetaKey.NUM_STEPS_CURRENT_ROUND: 10})
    passed = made.process_dxo(dxo, dxo.to_shareable(), FLContext()).data
    assert abs(_agreement(update, passed)) < 0.05


def test_a_site_names_the_same_filters_in_its_own_policy():
    (measure,) = site_filters(PrivacyPlan.parse({"percentile": {"percentile": 30}}))
    assert measure == {"path": "nvflare.app_common.filters.percentile_privacy.PercentilePrivacy", "args": {"percentile": 30, "gamma": 0.05}}
    (measure,) = site_filters(PrivacyPlan.parse({"sparse_vector": {"fraction": 0.2}}))
    assert measure["args"]["fraction"] == 0.2
    assert measure["args"]["replace"] is False

import json

import numpy as np
import pytest
from nvflare.apis.dxo import DXO, DataKind, from_shareable
from nvflare.apis.fl_constant import FLContextKey, ReservedKey
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import ReservedHeaderKey

from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.federated.privacy import Release, epsilon_spent
from nodulescope.federated.privacy.gaussian_filter import GaussianPrivacy
from nodulescope.federated.recipe import FederatedRecipe, SiteFilters
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.wire.tasks import REPORT


@pytest.fixture
def context(tmp_path):
    fl_ctx = FLContext()
    fl_ctx.set_prop(ReservedKey.IDENTITY_NAME, "north", private=False, sticky=False)
    fl_ctx.set_prop(FLContextKey.CURRENT_RUN, "job-7", private=False, sticky=False)
    fl_ctx.set_prop(FLContextKey.WORKSPACE_ROOT, str(tmp_path), private=True, sticky=False)
    return fl_ctx


def _result(values=None, kind=DataKind.WEIGHT_DIFF):
    data = {"w": np.ones(50_000, np.float32)} if values is None else values
    return DXO(kind, data, {REPORT: {"round": 3, "cases": 12}}).to_shareable()


def test_what_leaves_is_clipped_noisy_and_accounted_for(context, tmp_path):
    made = GaussianPrivacy(clip_norm=10.0, noise_multiplier=0.5)
    sent = from_shareable(made.process(_result(), context))
    assert sent.data["w"].std() == pytest.approx(5.0, rel=0.02)
    assert sent.data["w"].mean() == pytest.approx(10.0 / 50_000**0.5, abs=0.1)
    epsilon = epsilon_spent([Release(0.5)], 1e-5)
    told = {"mechanism": "gaussian", "epsilon": epsilon, "delta": 1e-5, "releases": 1, "clip_norm": 10.0, "noise_multiplier": 0.5}
    assert sent.meta[REPORT] == {"round": 3, "cases": 12, "privacy": told}
    record = json.loads((tmp_path / "north-privacy-spent.json").read_text())
    assert record == [{"job": "job-7", "round": 3, "noise_multiplier": 0.5}]


def test_the_account_goes_on_in_another_job(context):
    for expected in (1, 2):
        sent = from_shareable(GaussianPrivacy(noise_multiplier=3.0).process(_result(), context))
        assert sent.meta[REPORT]["privacy"]["releases"] == expected
        assert sent.meta[REPORT]["privacy"]["epsilon"] == pytest.approx(epsilon_spent([Release(3.0)] * expected, 1e-5))


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        (None, DataKind.WEIGHTS, "sends whole weights"),
        ({"w": np.array([1.0, np.nan], np.float32)}, DataKind.WEIGHT_DIFF, "not finite"),
    ],
)
def test_what_noise_cannot_protect_does_not_leave(context, tmp_path, values, kind, words):
    with pytest.raises(InputError, match=words):
        GaussianPrivacy().process(_result(values, kind), context)
    assert not (tmp_path / "north-privacy-spent.json").exists()


def test_a_spent_budget_ends_it(context):
    made = GaussianPrivacy(noise_multiplier=4.0, max_epsilon=epsilon_spent([Release(4.0)], 1e-5) + 1e-3)
    made.process(_result(), context)
    with pytest.raises(InputError, match="privacy budget"):
        made.process(_result(), context)


def test_failed_work_passes_untouched(context, tmp_path):
    failed = _result()
    failed.set_header(ReservedHeaderKey.RC, "EXECUTION_EXCEPTION")
    assert GaussianPrivacy().process(failed, context) is failed
    assert not (tmp_path / "north-privacy-spent.json").exists()


def test_settings_are_checked_where_the_filter_is_made():
    with pytest.raises(UsageError, match="noise_multiplier"):
        GaussianPrivacy(noise_multiplier=0)


def test_a_job_holds_its_settings_and_runs_it_before_precision_is_lost(tmp_path):
    settings = JobSettings(bundle="nodule_grading", bundle_sha256="a" * 64, sites=("north", "south"))
    made = GaussianPrivacy(clip_norm=0.3, noise_multiplier=1.7, max_epsilon=9.0)
    FederatedRecipe(settings, SiteFilters(results=[made])).export(str(tmp_path))
    config = json.loads(next(tmp_path.rglob("config_fed_client.json")).read_text())
    first, second = (made for entry in config["task_result_filters"] for made in entry["filters"])
    assert first["path"] == "nodulescope.federated.privacy.gaussian_filter.GaussianPrivacy"
    assert first["args"] == {"clip_norm": 0.3, "noise_multiplier": 1.7, "max_epsilon": 9.0}
    assert second["path"].endswith("Shorten")

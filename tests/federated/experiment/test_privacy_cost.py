"""What each measure costs in accuracy; federated/docs/privacy.md has the figures of five seeds."""

import pytest

from nodulescope.federated.experiment.privacy_cost import PLANS, cost_of
from nodulescope.federated.privacy import Release, epsilon_spent


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return cost_of({}, tmp_path_factory.mktemp("plain"))


def test_a_federation_without_measures_learns(plain):
    assert plain.accuracy > 0.85
    assert plain.epsilon is None


@pytest.mark.parametrize(
    ("name", "most"), [("percentile", 0.05), ("gaussian, z 0.05", 0.05), ("encrypted", 0.002), ("sparse vector", 0.15)]
)
def test_sane_settings_cost_little(plain, tmp_path, name, most):
    assert plain.accuracy - cost_of(PLANS[name], tmp_path).accuracy <= most


@pytest.mark.parametrize("name", ["gaussian, z 1", "sparse vector, NVFlare's defaults"])
def test_much_noise_and_stock_defaults_cost_nearly_all(plain, tmp_path, name):
    assert plain.accuracy - cost_of(PLANS[name], tmp_path).accuracy > 0.1


def test_more_noise_costs_more_and_spends_less(tmp_path):
    costs = {}
    for noise in (0.05, 0.5):
        measures = {"gaussian": {"clip_norm": 1.0, "noise_multiplier": noise}}
        folder = tmp_path / str(noise)
        folder.mkdir()
        costs[noise] = cost_of(measures, folder)
    assert costs[0.05].accuracy > costs[0.5].accuracy
    assert costs[0.5].epsilon == pytest.approx(epsilon_spent([Release(0.5)] * 15, 1e-5))
    assert costs[0.05].epsilon > costs[0.5].epsilon

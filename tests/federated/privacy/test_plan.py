import pytest

from nodulescope.bundles.errors import UsageError
from nodulescope.federated.privacy import PrivacyPlan
from nodulescope.federated.privacy.plan import Encrypted, Gaussian, Percentile, SparseVector


def test_no_measures_by_default():
    assert PrivacyPlan.parse(None) == PrivacyPlan()
    assert PrivacyPlan().to_json() == {}


def test_settings_that_are_left_out_keep_their_defaults():
    plan = PrivacyPlan.parse({"gaussian": {"clip_norm": 0.5}, "encrypted": {"layers": "head"}})
    assert plan == PrivacyPlan(gaussian=Gaussian(clip_norm=0.5), encrypted=Encrypted("head"))
    assert PrivacyPlan.parse({"percentile": None}).percentile == Percentile()


def test_json_round_trip():
    plan = PrivacyPlan(percentile=Percentile(90.0), sparse_vector=SparseVector(fraction=0.2), encrypted=Encrypted("^conv"))
    assert PrivacyPlan.parse(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"gausian": {}}, "no measure 'gausian'"),
        ({"gaussian": {"sigma": 1}}, "no setting 'sigma'"),
        ({"gaussian": {"clip_norm": 0}}, "clip_norm must be a number"),
        ({"gaussian": {"clip_norm": True}}, "clip_norm must be a number"),
        ({"gaussian": {"noise_multiplier": "much"}}, "noise_multiplier must be a number"),
        ({"gaussian": 3}, "write settings as NAME: VALUE"),
        ({"percentile": {"percentile": 101}}, "percentile must be a number between 0 and 100"),
        ({"sparse_vector": {"fraction": 0}}, "fraction must be a number"),
        ({"encrypted": {}}, "encrypted: needs layers"),
        ({"encrypted": {"layers": ""}}, "regular expression"),
        ({"gaussian": {}, "percentile": {}}, "gaussian stands alone"),
    ],
)
def test_what_makes_no_sense_is_refused(content, words):
    with pytest.raises(UsageError, match=words):
        PrivacyPlan.parse(content)

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.server.asking import Answer
from nodulescope.federated.server.global_model import GlobalModel
from nodulescope.federated.server.round import train_cyclic, train_round
from nodulescope.federated.server.run_state import RunFolder
from nodulescope.federated.settings import JobSettings


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """``start(algorithm=...)`` gives the model, the ledger and the folder of a run of three sites."""

    def make(**values: Any) -> tuple[GlobalModel, Ledger, RunFolder]:
        settings = JobSettings("b", "0" * 64, ("north", "south", "west"), **{"rounds": 1, **values})
        torch.manual_seed(0)
        return GlobalModel(nn.Linear(2, 1), settings), Ledger(settings), RunFolder(tmp_path / "run")

    return make


def test_changes_are_weighted_by_cases(start: Any, direct_sites: Any, answering: Any) -> None:
    model, ledger, folder = start()
    before = model.weights["weight"].copy()
    asking = direct_sites({"north": answering(1.0, cases=1), "south": answering(2.0, cases=2), "west": answering(4.0, cases=5)})
    result = train_round(1, model, ledger, asking, folder)
    np.testing.assert_allclose(model.weights["weight"], before + (1 + 4 + 20) / 8, rtol=1e-6)
    assert result.parts["south"] == Participation(None, 2, 1, 2, 1.0, 7, 9, 0.5, None, {})


def test_the_metric_is_weighted_by_validation_cases(start: Any, direct_sites: Any, answering: Any) -> None:
    sites = {
        "north": answering(0.0, metric=0.2, validation_cases=1),
        "south": answering(0.0, metric=1.0, validation_cases=3),
        "west": answering(0.0, metric=None),
    }
    model, ledger, folder = start()
    assert train_round(1, model, ledger, direct_sites(sites), folder).metric == pytest.approx((0.2 + 3.0) / 4)


def test_scaffolds_controls_are_a_plain_mean_of_what_the_sites_changes_say(start: Any, direct_sites: Any, answering: Any) -> None:
    model, ledger, folder = start(algorithm="scaffold")
    model.controls["bias"] = np.array([0.3], np.float32)  # travels as 77 of 256ths
    sent = 77 / 256
    asking = direct_sites({"north": answering(-1.0, cases=1, travelled=0.5), "south": answering(-3.0, cases=9, travelled=1.0)})
    train_round(1, model, ledger, asking, folder)
    assert asking.asked[0][1]["control:bias"] == [sent]
    # -moved / travelled - server's control: 2 - sent and 3 - sent; two of three sites took part.
    np.testing.assert_allclose(model.controls["bias"], [0.3 + 2 / 3 * (2.5 - sent)], rtol=1e-6)
    np.testing.assert_allclose(model.controls["weight"], [[2 / 3 * 2.5] * 2], rtol=1e-6)


@pytest.mark.parametrize(("travelled", "reason"), [(0.0, None), (float("nan"), Reason.NOT_FINITE), (-1.0, Reason.NOT_FINITE)])
def test_a_site_without_steps_leaves_its_control_and_nonsense_is_refused(
    travelled: float, reason: Reason | None, start: Any, direct_sites: Any, answering: Any
) -> None:
    model, ledger, folder = start(algorithm="scaffold")
    asking = direct_sites({"north": answering(-1.0, travelled=1.0), "south": answering(-1.0, travelled=travelled)})
    result = train_round(1, model, ledger, asking, folder)
    assert result.parts["south"].reason is reason
    np.testing.assert_allclose(model.controls["bias"], [1 / 3] if reason is None else [0.0], rtol=1e-6)  # alone, north is too few


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, None),
        (Answer(Reason.TRAINING_FAILED), Reason.TRAINING_FAILED),
        (Answer(None, {"weight": np.full((1, 2), np.nan), "bias": np.zeros(1)}, {"cases": 4}), Reason.NOT_FINITE),
        (Answer(None, {"weight": np.zeros((2, 1)), "bias": np.zeros(1)}, {"cases": 4}), Reason.WRONG_SHAPE),
        (Answer(None, {"weight": np.zeros((1, 2)), "bias": np.zeros(1)}, {"cases": 0}), Reason.NO_DATA),
    ],
)
def test_a_site_that_fails_leaves_the_others_alone(
    answer: Answer | None, reason: Reason | None, start: Any, direct_sites: Any, answering: Any
) -> None:
    model, ledger, folder = start()
    before = model.weights["weight"].copy()
    asking = direct_sites({"north": answering(1.0), "south": answering(1.0), "west": lambda _: answer})
    result = train_round(1, model, ledger, asking, folder)
    np.testing.assert_allclose(model.weights["weight"], before + 1.0, rtol=1e-6)
    assert (result.parts["west"].reason if "west" in result.parts else None) is reason


def test_with_too_few_sites_the_weights_stay(start: Any, direct_sites: Any, answering: Any) -> None:
    model, ledger, folder = start(min_sites=3)
    before = model.weights["weight"].copy()
    train_round(1, model, ledger, direct_sites({"north": answering(1.0), "south": answering(1.0)}), folder)
    np.testing.assert_array_equal(model.weights["weight"], before)


def test_in_a_cycle_each_site_gets_what_the_one_before_left(start: Any, direct_sites: Any, answering: Any) -> None:
    model, ledger, folder = start(algorithm="cyclic", cross_site=True)
    before = model.weights["weight"].copy()
    asking = direct_sites({"north": answering(1.0), "south": lambda _: Answer(Reason.TRAINING_FAILED), "west": answering(4.0, cases=9)})
    result = train_cyclic(1, model, ledger, asking, folder)
    assert [sites for _, _, sites in asking.asked] == [["north"], ["south"], ["west"]]
    np.testing.assert_allclose(asking.asked[2][1]["weight"], before + 1.0, rtol=1e-6)
    np.testing.assert_allclose(model.weights["weight"], before + 5.0, rtol=1e-6)
    assert result.parts["south"].reason is Reason.TRAINING_FAILED
    assert result.parts["north"].metric == 0.5 and result.parts["west"].metric is None  # what west measured was north's work
    np.testing.assert_allclose((folder.weights("site_north.pt") or {})["weight"], before + 1.0, rtol=1e-6)


def test_the_last_models_of_the_sites_are_kept_for_the_evaluation(start: Any, direct_sites: Any, answering: Any) -> None:
    model, ledger, folder = start(cross_site=True)
    before = model.weights["weight"].copy()
    asking = direct_sites({"north": answering(1.0), "south": answering(2.0)})
    train_round(1, model, ledger, asking, folder)
    np.testing.assert_allclose((folder.weights("site_south.pt") or {})["weight"], before + 2.0, rtol=1e-6)
    assert folder.weights("site_west.pt") is None

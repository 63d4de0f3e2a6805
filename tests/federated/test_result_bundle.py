from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import find_bundle, open_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.ledger.ledger import Ledger
from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.result_bundle import write_result_bundle
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.preflight import build_network

SHIPPED = find_bundle("nodule_segmentation")


@pytest.fixture
def ledger() -> Ledger:
    privacy = {"gaussian": {"clip_norm": 0.5}}
    settings = JobSettings("nodule_segmentation", bundle_sha256(SHIPPED), ("north", "south"), rounds=1, privacy=privacy)
    held = Ledger(settings, key_metric="dice", global_metric={0: 0.5, 1: 0.75}, best=1)
    held.rounds[1] = {"north": Participation(cases=9), "south": Participation(cases=4)}
    held.close()
    return held


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    file = tmp_path / "best.pt"
    torch.save(build_network(SHIPPED, ["train.yaml"]).state_dict(), file)
    return file


def metadata(bundle: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    return content


def test_the_result_opens_as_the_bundle_that_it_was_with_the_federations_weights(ledger: Ledger, weights: Path, tmp_path: Path) -> None:
    bundle = write_result_bundle(SHIPPED, tmp_path / "bundle", weights, ledger)
    opened = open_bundle(bundle, "nodule_segmentation", torch.device("cpu"))
    for name, value in opened.network().state_dict().items():
        torch.testing.assert_close(value, torch.load(weights, weights_only=True)[name], rtol=1e-3, atol=1e-4)
    assert bundle_sha256(bundle) == bundle_sha256(SHIPPED)
    assert opened.version.endswith("+federated.federation")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["best.pt", "bundle"]


def test_the_metadata_tell_of_the_federation_and_of_no_hospital(ledger: Ledger, weights: Path, tmp_path: Path) -> None:
    bundle = write_result_bundle(SHIPPED, tmp_path / "bundle", weights, ledger)
    told = metadata(bundle)
    entry = told["federation"]
    assert entry["sites"] == [{"name": "site 1", "training_cases": 4}, {"name": "site 2", "training_cases": 9}]
    assert entry["privacy"] == {"gaussian": {"clip_norm": 0.5}}
    assert entry["complete"] is True and entry["weights_of_round"] == 1 and entry["key_metric"] == {"dice": 0.75}
    assert told["eval_metrics"] == {"dice": 0.75}  # the figures of the earlier weights are gone
    assert "north" not in json.dumps(told) and "south" not in json.dumps(told)
    assert (bundle / "docs" / "README.md").read_text(encoding="utf-8").startswith("> **Other weights.**")


def test_a_run_that_lost_a_site_is_not_called_complete(ledger: Ledger, weights: Path, tmp_path: Path) -> None:
    ledger.rounds[1]["south"] = Participation(Reason.SILENT)
    ledger.close()
    bundle = write_result_bundle(SHIPPED, tmp_path / "bundle", weights, ledger)
    assert metadata(bundle)["federation"]["complete"] is False
    assert "incomplete" in next(iter(metadata(bundle)["changelog"].values()))


def test_a_second_federation_starts_from_the_first(ledger: Ledger, weights: Path, tmp_path: Path) -> None:
    first = write_result_bundle(SHIPPED, tmp_path / "first", weights, ledger)
    second = write_result_bundle(first, tmp_path / "second", weights, ledger)
    assert metadata(second)["version"] == metadata(first)["version"]
    assert bundle_sha256(second) == ledger.settings.bundle_sha256


@pytest.mark.parametrize("broken", ["foreign", "not finite"])
def test_weights_that_cannot_be_are_refused_and_leave_nothing(broken: str, ledger: Ledger, weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    name = next(iter(state))
    state[name] = state[name][:1] if broken == "foreign" else torch.full_like(state[name], torch.nan)
    torch.save(state, weights)
    with pytest.raises(BundleError):
        write_result_bundle(SHIPPED, tmp_path / "bundle", weights, ledger)
    assert not (tmp_path / "bundle").exists()

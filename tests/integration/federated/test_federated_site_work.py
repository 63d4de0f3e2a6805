"""What a site does in one round, for each of the four bundles with its own trainer, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.utils import set_determinism

from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.client.opening import Refused
from nodulescope.federated.client.site_work import SiteWork
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.sites.preflight import build_network
from nodulescope.federated.sites.site_file import read_site_file
from nodulescope.federated.wire import tasks
from nodulescope.federated.wire.arrays import to_tensors

SETTINGS: dict[str, dict[str, Any]] = {
    "lung_segmentation": {"patch": 32, "batch_size": 1},
    "nodule_detection": {"patch": 48, "patches": 1, "repeats": 1, "batch_size": 2},
    "nodule_segmentation": {"batch_size": 2, "cube": 24},
    "nodule_grading": {"batch_size": 2},
}

pytestmark = pytest.mark.slow


@pytest.fixture
def site_work(
    small_copy: Callable[[str], Path], grading_hospitals: Any, detection_hospitals: Any, tmp_path: Path
) -> Callable[..., SiteWork]:
    """The work of the second site of its hospitals, for a bundle: ``site_work(stage, algorithm="fedavg", ...)``."""

    def make(stage: str, **job: Any) -> SiteWork:
        hospitals = detection_hospitals if stage in ("lung_segmentation", "nodule_detection") else grading_hospitals
        site = read_site_file(hospitals.site_file)[1]
        root = small_copy(stage)
        settings = JobSettings(stage, bundle_sha256(root), ("north", "south", "west"), overrides={**SETTINGS[stage], "amp": False}, **job)
        return SiteWork(settings, Place(site, tmp_path / "state", tmp_path, root))

    yield make
    set_determinism(seed=None)


def weights_of(work: SiteWork) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in work.bundle.network.state_dict().items()}


@pytest.mark.parametrize("stage", list(SETTINGS))
def test_a_round_sends_what_training_changed(stage: str, site_work: Callable[..., SiteWork]) -> None:
    work = site_work(stage)
    before = weights_of(work)
    result = work.train_round(1, before, {}, True)
    after = weights_of(work)
    report = result.meta[tasks.REPORT]
    assert report["cases"] == (2 if stage in ("lung_segmentation", "nodule_detection") else len(work.bundle.trainer.data_loader.dataset))
    assert report["steps"] >= 1 and np.isfinite(report["loss"]) and 0.0 <= report["metric"] <= 1.0
    changed = to_tensors(result.data)
    assert changed.keys() == before.keys()
    for name, value in changed.items():
        torch.testing.assert_close(before[name] + value.to(before[name].dtype), after[name])
    kernels = [name for name, value in changed.items() if value.ndim == 5]
    assert sum(bool(changed[name].any()) for name in kernels) > 0.8 * len(kernels)
    assert not (work.bundle.folder / "best.pt").exists()  # the server chooses
    assert not (work.bundle.folder / "resume.pt").exists()  # it would overwrite the server's weights


def test_every_round_begins_with_the_servers_weights(site_work: Callable[..., SiteWork]) -> None:
    work = site_work("nodule_grading")
    start = weights_of(work)
    work.train_round(1, start, {}, False)
    assert not torch.equal(weights_of(work)["heads.weight"], start["heads.weight"])
    work.evaluate(start)
    assert all(torch.equal(value, start[name]) for name, value in weights_of(work).items())


def test_layers_that_stay_at_the_site_are_neither_sent_nor_overwritten(site_work: Callable[..., SiteWork]) -> None:
    kept = r"features\.\d+\.\d+\.running_.*"
    work = site_work("nodule_grading", kept_at_site=(kept,))
    start = weights_of(work)
    result = work.train_round(1, start, {}, False)
    assert not any("running" in name for name in result.data)
    own = {name: value for name, value in weights_of(work).items() if "running" in name}
    assert any(not torch.equal(value, start[name]) for name, value in own.items())
    work.bundle.load({name: value for name, value in start.items() if "running" not in name})
    assert all(torch.equal(value, weights_of(work)[name]) for name, value in own.items())


def test_a_large_proximal_term_holds_a_site_near_the_start(site_work: Callable[..., SiteWork]) -> None:
    def distance(**job: Any) -> float:
        work = site_work("nodule_grading", local_epochs=4, rounds=1, **job)
        result = work.train_round(1, weights_of(work), {}, False)
        parameters = dict(work.bundle.network.named_parameters())
        return float(sum(np.square(value).sum() for name, value in result.data.items() if name in parameters))

    assert distance(algorithm="fedprox", proximal=1e4) < distance()


def test_a_site_goes_on_where_its_job_stopped(site_work: Callable[..., SiteWork]) -> None:
    whole = site_work("nodule_grading", rounds=2)
    start = weights_of(whole)
    whole.train_round(1, start, {}, False)
    second = whole.train_round(2, start, {}, False)

    stopped = site_work("nodule_grading", rounds=2, run="other")
    stopped.train_round(1, start, {}, False)
    resumed = site_work("nodule_grading", rounds=2, run="other", resume=True)
    assert resumed.bundle.trainer.state.epoch == 1
    again = resumed.train_round(2, start, {}, False)
    for name, value in second.data.items():
        np.testing.assert_allclose(again.data[name], value, atol=1e-6)


def test_a_longer_run_goes_on_with_its_own_schedule(site_work: Callable[..., SiteWork]) -> None:
    short = site_work("nodule_grading", rounds=1)
    start = weights_of(short)
    short.train_round(1, start, {}, False)
    longer = site_work("nodule_grading", rounds=3, resume=True)
    steps = len(longer.bundle.trainer.data_loader)
    schedule = longer.bundle.workflow.parser.get_parsed_content("train#lr_scheduler")
    assert (schedule.total_steps, schedule.last_epoch) == (3 * steps, steps)
    for number in (2, 3):
        result = longer.train_round(number, start, {}, False)
        assert all(np.isfinite(value).all() for value in result.data.values())


def test_a_round_whose_numbers_are_not_finite_is_refused_and_leaves_no_trace(site_work: Callable[..., SiteWork]) -> None:
    work = site_work("nodule_grading", rounds=2)
    start = weights_of(work)
    rates = [group["lr"] for group in work.bundle.optimizer.param_groups]
    with pytest.raises(Refused) as refusal:
        work.train_round(1, {**start, "heads.weight": torch.full_like(start["heads.weight"], 1e38)}, {}, False)
    assert refusal.value.reason is Reason.NOT_FINITE
    assert work.bundle.trainer.state.epoch == 0 and [group["lr"] for group in work.bundle.optimizer.param_groups] == rates
    result = work.train_round(1, start, {}, False)
    assert all(np.isfinite(value).all() for value in result.data.values())


def test_the_personal_weights_stay_at_the_site(site_work: Callable[..., SiteWork]) -> None:
    work = site_work("nodule_grading", rounds=1, personal_epochs=1)
    start = weights_of(work)
    work.train_round(1, start, {}, False)
    result = work.personalise(start)
    # Among so few nodules a correlation may have no value.
    measured = {name for name, value in work.bundle.evaluator.state.metrics.items() if np.isfinite(value)}
    assert "malignancy_mae" in measured and set(result.data) == measured
    kept = torch.load(work.bundle.folder / "personal.pt", weights_only=True)
    assert not torch.equal(kept["heads.weight"].float(), start["heads.weight"])
    build_network(Path(work.bundle.workflow.parser["bundle_root"]), ["train.yaml"]).load_state_dict(kept)

"""A bundle opened for training at one site, with the bundle's own trainer and evaluator."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.bundle import ConfigParser, ConfigWorkflow
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors.torchvision_free import allow_resnet_pyramids
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place
from nodulescope.federated.sites.site import Site

LEFT_OUT = (
    "StartFrom",  # the weights are the server's
    "Resume",  # it would put the weights of an earlier round in place of the server's
    "CheckpointLoader",
    "CheckpointSaver",
    "SaveBestWeights",
    "EarlyStop",  # the server decides how long
    "ValidationHandler",  # validation is of what the server sent, not of what this site made of it
    "TensorBoard",
)
"""Handlers of a bundle's configuration that have no place in federated training; names that contain one of these are left out."""


class LocalBundle:
    """A bundle, ready to train on a site's data.

    Nothing of the bundle is copied or changed: its configuration is read, and a few of its values are set as MONAI's own command does.

    Args:
        settings: the job's.
        place: where this process works.
        site: the site whose data are used.

    Raises:
        NodulescopeError: the bundle or the data cannot be used.
    """

    def __init__(self, settings: JobSettings, place: Place, site: Site) -> None:
        allow_resnet_pyramids()
        root = place.bundle_root(settings.bundle)
        files = [root / "configs" / name for name in settings.configs]
        if missing := [str(file) for file in files if not file.is_file()]:
            raise BundleError(f"{', '.join(missing)}: the bundle has no such configuration")
        self.folder = place.state / settings.run
        known = ConfigParser.load_config_files([str(file) for file in files])
        self.workflow = ConfigWorkflow(
            config_file=[str(file) for file in files],
            meta_file=None,
            logging_file=False,
            workflow_type="train",
            **_values(settings, site, root, self.folder, known),
        )
        for handlers in ("train#handlers", "validate#handlers"):
            _leave_out(self.workflow.parser, handlers)
        self.workflow.initialize()
        trainer, evaluator = self.workflow.trainer, self.workflow.evaluator
        if not isinstance(trainer, SupervisedTrainer) or not isinstance(evaluator, SupervisedEvaluator):
            raise BundleError(f"{root}: federated training needs MONAI's SupervisedTrainer and SupervisedEvaluator")
        self.trainer: Any = trainer
        self.evaluator: Any = evaluator
        self.network: nn.Module = trainer.network
        self.losses: list[float] = []
        self.trainer.add_event_handler(Events.ITERATION_COMPLETED, self._note_loss)

    @property
    def cases(self) -> int:
        """Training cases: the weight of this site."""
        return len(self.trainer.data_loader.dataset)

    @property
    def validation_cases(self) -> int:
        """Cases that the metric is measured on."""
        return len(self.evaluator.data_loader.dataset)

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The trainer's."""
        optimizer: torch.optim.Optimizer = self.trainer.optimizer
        return optimizer

    def load(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take over the server's values; what the server does not send stays as it is here."""
        own = self.network.state_dict()
        self.network.load_state_dict({**own, **{name: value.to(own[name].dtype) for name, value in weights.items() if name in own}})

    def train(self, epochs: int) -> tuple[int, float]:
        """Train so many epochs further; the schedule of learning rates goes on where it was.

        Returns:
            Steps of the optimizer, and the mean loss.
        """
        state = self.trainer.state
        before = state.iteration
        self.losses.clear()
        state.max_epochs = state.epoch + epochs
        self.trainer.run()
        return state.iteration - before, sum(self.losses) / len(self.losses) if self.losses else math.nan

    def evaluate(self) -> dict[str, float]:
        """All metrics of the bundle on this site's validation cases; those that could not be computed are left out."""
        self.evaluator.run(self.trainer.state.epoch + 1)
        metrics = {name: float(value) for name, value in self.evaluator.state.metrics.items()}
        return {name: value for name, value in metrics.items() if math.isfinite(value)}

    @property
    def key_metric(self) -> str:
        """Name of the metric by which weights are chosen; the higher, the better."""
        return str(self.evaluator.state.key_metric_name)

    def _note_loss(self, engine: Engine) -> None:
        output: Any = engine.state.output
        first = output[0] if isinstance(output, list) else output
        if isinstance(first, Mapping) and "loss" in first:
            self.losses.append(float(torch.as_tensor(first["loss"]).float().mean()))


def _values(settings: JobSettings, site: Site, root: Path, folder: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """What is set in the bundle's configuration: the job's values, then this site's own, which win."""
    epochs = settings.rounds * settings.local_epochs + settings.personal_epochs
    of_every_run = {
        "bundle_root": str(root),
        "datalist": str(site.datalist),
        "output_dir": str(folder),
        "epochs": epochs,  # the schedule of learning rates spans the whole run
        "seed": settings.seed + zlib.crc32(site.name.encode()) % 100_000,  # sites draw other random numbers
        "num_workers": 0,
    }
    device = {} if site.device is None else {"device": f"$torch.device('{site.device}')"}
    own = {**settings.overrides, **device, **site.settings}
    if unknown := [key for key in own if key.partition("#")[0] not in known]:
        raise BundleError(f"{root}: its configuration has no {', '.join(sorted(unknown))}; name the bundle's own settings")
    return {**{key: value for key, value in of_every_run.items() if key in known}, **own}


def _leave_out(parser: ConfigParser, handlers: str) -> None:
    if handlers not in parser:
        return
    for handler in parser[handlers]:
        if isinstance(handler, dict) and any(name in str(handler.get("_target_")) for name in LEFT_OUT):
            handler["_disabled_"] = True

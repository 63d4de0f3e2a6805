"""A training as MONAI Label starts it."""

from __future__ import annotations

import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.train import TrainTask

from nodulescope.apps.nodule_label.labelled_scans import LabelledScans
from nodulescope.apps.nodule_label.training import TrainingWish, train_version
from nodulescope.apps.nodule_label.training_data import training_datalist
from nodulescope.apps.nodule_label.versions import Versions
from nodulescope.bundles.errors import UsageError

logger = logging.getLogger(__name__)


class TrainingTask(TrainTask):
    """Answers ``/train/BUNDLE``: labelled scans to a new version, by the bundle's own training configuration.

    Args:
        bundle: which.
        versions: where the new one goes.
        labelled: what is trained on.
        folder: for logs and curves; each training has a folder of its own in it.
    """

    def __init__(self, bundle: str, versions: Versions, labelled: LabelledScans, folder: Path) -> None:
        super().__init__(f"Trains {bundle} on the submitted labels; better weights are served, all are kept.")
        self.bundle = bundle
        self.versions = versions
        self.labelled = labelled
        self.folder = folder

    def config(self) -> dict[str, Any]:
        """What a client lets a person choose."""
        devices = ["cpu"] if not torch.cuda.is_available() else [f"cuda:{n}" for n in range(torch.cuda.device_count())]
        return {"device": devices, "max_epochs": _own_epochs(self.versions.served(self.bundle).folder), "pretrained": True}

    def stats(self) -> dict[str, Any]:
        """Every version with its comparison, and which is served."""
        served = self.versions.served(self.bundle).number
        return {"served": served, "versions": [version.to_json() for version in self.versions.all(self.bundle)]}

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any]:
        """Train, compare, keep, and serve what holds up.

        Returns:
            The new version with its comparison, and which version is served now.

        Raises:
            InputError: too few labels, or one of them cannot be used.
            BundleError: the bundle cannot be trained.
        """
        wish = _wish(request)
        number = 1 + max((int(one.name) for one in (self.folder / self.bundle).glob("[0-9]*")), default=0)
        folder = self.folder / self.bundle / f"{number:04d}"
        shutil.rmtree(folder, ignore_errors=True)
        datalist = training_datalist(self.bundle, self.labelled.folder, self.labelled.update(), folder / "data")
        version = train_version(self.bundle, self.versions, datalist, folder, wish)
        return {"trained": version.to_json(), "served": self.versions.served(self.bundle).number}


@cache  # a client asks with every click, and reading the configuration takes a tenth of a second
def _own_epochs(bundle: Path) -> int:
    return int(ConfigParser.load_config_files([str(bundle / "configs" / "train.yaml")])["epochs"])


def _wish(request: dict[str, Any]) -> TrainingWish:
    device = request.get("device") or "auto"
    device = device[0] if isinstance(device, list) else str(device)
    try:
        epochs = request.get("max_epochs")
        settings = dict(request.get("settings") or {})
        return TrainingWish(None if epochs is None else int(epochs), bool(request.get("pretrained", True)), settings, device)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the training's settings cannot be read ({error}); max_epochs is a number, settings an object") from error

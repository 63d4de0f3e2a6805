"""A training on labelled scans, by the bundle's own configuration, and the comparison that decides whether its weights are served."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser, ConfigWorkflow

from nodulescope.apps.nodule_label.comparison import Comparison
from nodulescope.apps.nodule_label.versions import Version, Versions
from nodulescope.bundles.errors import BundleError, NodulescopeError
from nodulescope.bundles.predictors import choose_device
from nodulescope.bundles.training.metadata import WEIGHTS

logger = logging.getLogger(__name__)

FINE_TUNING = 0.25
"""Of the bundle's own learning rate where training begins with weights that are good already: a full one would first forget."""


@dataclass(frozen=True)
class TrainingWish:
    """What a client may ask of a training.

    Attributes:
        epochs: passes over the training items; None for the bundle's own number.
        pretrained: begin with the served weights; False begins at random.
        settings: further keys of the bundle's training configuration, such as ``learning_rate`` or ``patch``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """

    epochs: int | None = None
    pretrained: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"


def train_version(stage: str, versions: Versions, datalist: Path, folder: Path, wish: TrainingWish) -> Version:
    """Train a bundle, keep its weights as a new version, and serve it if it holds up.

    Args:
        stage: the bundle.
        versions: the served one gives configuration and weights to begin with; it is only read.
        datalist: training and validation items.
        folder: empty; receives logs, curves and weights.
        wish: what was asked for.

    Raises:
        InputError: an item cannot be used.
        BundleError: the configuration cannot be set up or trained.
    """
    served = versions.served(stage)
    settings = _settings(served, datalist, folder, wish)
    trainer = run_configuration([served.folder / "configs" / "train.yaml"], settings, "train#trainer")
    trained = folder / "best.pt"
    if not trained.is_file():
        raise BundleError(f"{stage}: the training kept no weights; its validation measured nothing, see the log in {folder}")
    metric, before = measure_weights(served, served.folder / WEIGHTS, settings)
    _, after = measure_weights(served, trained, settings)
    items = json.loads(datalist.read_text(encoding="utf-8"))
    comparison = Comparison(
        metric, served.number, before, after, len(items["training"]), len(items["validation"]), int(trainer.state.max_epochs)
    )
    version = versions.add(stage, trained, comparison)
    if comparison.holds_up:
        versions.serve(stage, version.number)
    logger.info("%s version %d: %s", stage, version.number, comparison.sentence())
    logger.info("%s version %d is served now", stage, versions.served(stage).number)
    return version


def measure_weights(version: Version, weights: Path, settings: Mapping[str, Any]) -> tuple[str, float]:
    """The bundle's own key metric of some weights on the validation items.

    Returns:
        The metric's name and value; 0 where nothing could be measured, as when all validation items are of one class.
    """
    configs = version.folder / "configs"
    changes = {**settings, "ckpt_path": str(weights), "part": "validation"}
    evaluator = run_configuration([configs / "train.yaml", configs / "evaluate.yaml"], changes, "validate#evaluator")
    name = str(evaluator.state.key_metric_name)
    value = float(evaluator.state.metrics[name])
    return name, value if math.isfinite(value) else 0.0


def _settings(served: Version, datalist: Path, folder: Path, wish: TrainingWish) -> dict[str, Any]:
    own: Mapping[str, Any] = ConfigParser.load_config_files([str(served.folder / "configs" / "train.yaml")])
    items = len(json.loads(datalist.read_text(encoding="utf-8"))["training"])
    settings: dict[str, Any] = {
        "bundle_root": str(served.folder),
        "datalist": str(datalist),
        "output_dir": str(folder),
        "device": f"$torch.device('{choose_device(wish.device)}')",
        "num_workers": 0,
        "batch_size": min(int(own["batch_size"]), items),
        "val_interval": 1,
        **({"epochs": wish.epochs} if wish.epochs else {}),
    }
    if wish.pretrained:
        settings["start_from"] = str(served.folder / WEIGHTS)
        settings["learning_rate"] = FINE_TUNING * float(own["learning_rate"])
    unknown = sorted(key for key in wish.settings if key.split("#")[0] not in own)
    if unknown:
        raise BundleError(f"{served.bundle}: its training configuration has no {unknown[0]!r}; see {served.folder / 'configs/train.yaml'}")
    return {**settings, **wish.settings}


def run_configuration(files: list[Path], settings: Mapping[str, Any], engine: str) -> Any:
    """Run a bundle's configuration in this process.

    Args:
        files: the configuration and what overrides it.
        settings: values that override both.
        engine: id of the engine to return, for what it measured.

    Raises:
        NodulescopeError: what the bundle's own code says is wrong with an item.
        BundleError: the configuration cannot be set up or run.
    """
    try:
        workflow: Any = ConfigWorkflow([str(file) for file in files], logging_file=False, workflow_type=None, **settings)
        workflow.initialize()
        workflow.run()
        ran = workflow.parser.get_parsed_content(engine)
        workflow.finalize()
    except NodulescopeError:
        raise
    except Exception as error:  # whatever a configuration's own code raises
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, NodulescopeError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from error
        reason = str(error.__cause__ or error).splitlines()[0] if str(error) else type(error).__name__
        raise BundleError(f"{files[0]}: cannot be run ({reason})") from error
    return ran

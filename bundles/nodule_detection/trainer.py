"""The detector's trainer."""

from __future__ import annotations

from typing import Any

from monai.engines import SupervisedTrainer
from torch import nn

from nodulescope.bundles.nodule_detection.batches import prepare_batch
from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.nodule_detection.inferer import DetectorInferer


class DetectionTrainer(SupervisedTrainer):
    """MONAI's supervised trainer for a detector, whose losses arise inside it and whose batches are lists of patches.

    It is a ``SupervisedTrainer`` with the detector's network for its ``network``: what MONAI's federated client asks for.

    Args:
        detector: holds the network that is trained.
        mixed_precision: bfloat16; None decides by the hardware.
        parallel_detector: the detector wrapped for several processes, whose gradients are then averaged; None for one process.
        settings: the parent's other arguments: ``device``, ``max_epochs``, ``train_data_loader``, ``optimizer``, ``train_handlers``,
            ``accumulation_steps``.
    """

    def __init__(
        self,
        detector: NoduleDetector,
        mixed_precision: bool | None = None,
        parallel_detector: nn.Module | None = None,
        **settings: Any,
    ) -> None:
        called: Any = parallel_detector or detector
        super().__init__(
            network=detector.network,
            loss_function=detector.loss,
            inferer=DetectorInferer(called, mixed_precision),
            prepare_batch=prepare_batch,
            decollate=False,
            **settings,
        )

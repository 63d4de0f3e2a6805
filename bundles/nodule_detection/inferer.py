"""The detector as an inferer of MONAI's engines, for training, validation and use alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.inferers import Inferer
from torch import nn

from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.precision import autocast


class DetectorInferer(Inferer):
    """Call the detector around a network.

    With it MONAI's own ``SupervisedTrainer`` and ``SupervisedEvaluator`` run a detector: federated clients and MONAI Label ask for just
    these classes.

    Args:
        detector: holds the network.
        amp: bfloat16; None decides by the hardware.
    """

    def __init__(self, detector: NoduleDetector, amp: bool | None = None) -> None:
        super().__init__()
        self.detector = detector
        self.amp = amp

    def __call__(  # type: ignore[override]  # a detector needs its network's targets, and takes a list of images
        self,
        inputs: Sequence[torch.Tensor] | torch.Tensor,
        network: nn.Module,
        targets: list[dict[str, torch.Tensor]] | None = None,
        **_: Any,
    ) -> Any:
        """Losses while the network trains on targets, else a list of ``{"box", "box_class", "box_class_scores"}``, one per image.

        Args:
            inputs: canonical CTs, each (1, x, y, z), or a batch of them.
            network: the detector's own network.
            targets: one dict per image: ``box`` (n, 6) in voxels, ``box_class`` (n,).
        """
        images = [image.as_tensor() if hasattr(image, "as_tensor") else image for image in inputs]
        # The detector is a module of its own around the network: its mode decides between losses and boxes.
        self.detector.train(network.training)
        with autocast(images[0].device, self.amp):
            if network.training:
                return self.detector(images, targets)
            return self.detector(images, use_inferer=self.detector.inferer is not None)

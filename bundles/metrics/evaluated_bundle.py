"""A bundle with the weights that are to be measured."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import Bundle, open_bundle
from nodulescope.bundles.predictors.device import choose_device
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.bundles.training.checkpoints import load_weights


@dataclass(frozen=True)
class EvaluatedBundle(Bundle):
    """A bundle whose network carries other weights than those in its ``models`` folder.

    Attributes:
        weights: their file.
    """

    weights: Path

    def network(self) -> nn.Module:
        """The network with these weights, ready to infer on the bundle's device.

        Raises:
            BundleError: they are missing or belong to another network.
        """
        network: nn.Module = self.component("network_def").to(self.device)
        load_weights(network, self.weights)
        return network.eval()


def open_evaluated(stage: str, folder: Path | None = None, weights: Path | None = None, device: str = "auto") -> Bundle:
    """Open a stage's bundle for an evaluation.

    Args:
        stage: which.
        folder: of another bundle than the one that ships.
        weights: a state dict to measure in place of the bundle's own.
        device: as on the command line.

    Raises:
        BundleError: the bundle is incomplete, or the weights are missing; weights of another network are noticed when it is built.
    """
    bundle = open_bundle(find_bundle(stage, folder), stage, choose_device(device))
    if weights is None:
        return bundle
    if not weights.is_file():  # told before hours of other folds, not after
        raise BundleError(f"{weights}: there are no weights here; name the file that training wrote, such as best.pt")
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    kept = {name: value for name, value in vars(bundle).items() if name != "sha256"}
    return EvaluatedBundle(**kept, sha256=sha256, weights=weights)

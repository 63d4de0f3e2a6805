"""The server's network, with the weights that a run starts from."""

from __future__ import annotations

import torch
from monai.bundle import ConfigParser
from torch import nn

from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors.bundle import WEIGHTS
from nodulescope.bundles.predictors.torchvision_free import allow_resnet_pyramids
from nodulescope.bundles.training.checkpoints import load_weights
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.settings import JobSettings
from nodulescope.federated.sites.place import Place


def starting_network(settings: JobSettings, place: Place) -> nn.Module:
    """Build the bundle's network and give it the weights that the job names.

    Raises:
        BundleError: the server has another bundle, or no such weights.
    """
    root = place.bundle_root(settings.bundle)
    if bundle_sha256(root) != settings.bundle_sha256:
        raise BundleError(f"{settings.bundle}: the server's bundle has other code than the job's; install the same version")
    allow_resnet_pyramids()
    parser = ConfigParser()
    parser.read_config([str(root / "configs" / name) for name in settings.configs])
    torch.manual_seed(settings.seed)
    network: nn.Module = parser.get_parsed_content("network_def")
    if settings.start == "shipped":
        load_weights(network, root / WEIGHTS)
    elif settings.start != "random":
        load_weights(network, place.local / settings.start)
    return network

"""Opening a bundle: its configuration, its identity, its weights."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, SaveImaged
from torch import nn
from yaml import YAMLError

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.coordinates import swap_ras_lps
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors.torchvision_free import allow_resnet_pyramids
from nodulescope.bundles.training.checkpoints import load_weights

WEIGHTS = "models/model.pt"


@dataclass(frozen=True)
class Bundle:
    """A MONAI bundle, opened and verified.

    Attributes:
        stage: the stage that it serves.
        path: its folder.
        name: from its metadata.
        version: from its metadata.
        sha256: hash of its weights file.
        device: where its network runs.
        parser: its inference configuration. Values are code (``$`` expressions): open only bundles that you trust.
    """

    stage: str
    path: Path
    name: str
    version: str
    sha256: str
    device: torch.device
    parser: ConfigParser = field(repr=False)

    def component(self, name: str) -> Any:
        """A configured part, built once.

        Raises:
            BundleError: the configuration has no such part or cannot build it.
        """
        if name not in self.parser:
            raise BundleError(f"{self.path}: its inference configuration has no {name!r}, which the stage {self.stage} needs")
        try:
            return self.parser.get_parsed_content(name)
        except BundleError:
            raise
        except Exception as error:  # whatever a configuration's own code raises
            reason = str(error.__cause__ or error).splitlines()[0]
            raise BundleError(f"{self.path}: cannot build {name!r} ({reason})") from error

    def network(self) -> nn.Module:
        """The network with its weights, ready to infer on the bundle's device."""
        network: nn.Module = self.component("network_def").to(self.device)
        load_weights(network, self.path / WEIGHTS)
        return network.eval()

    def preprocess(self, ct: CTVolume, **extra: Any) -> dict[str, Any]:
        """Run the bundle's own preprocessing, all but the loading, on a CT that is in memory.

        Args:
            ct: the CT in HU.
            extra: further values of the item, such as a cube's centre.
        """
        affine = torch.as_tensor(swap_ras_lps(ct.affine_lps))
        # What LoadImaged would have left: transforms that lead back to the scan's grid ask for it.
        image = MetaTensor(torch.from_numpy(ct.hu)[None], affine=affine, meta={"original_affine": affine, "spatial_shape": ct.shape})
        item: dict[str, Any] = self._without(self.component("preprocessing"), LoadImaged, EnsureChannelFirstd)({"image": image, **extra})
        return item

    def postprocess(self, item: dict[str, Any]) -> dict[str, Any]:
        """Run the bundle's own postprocessing, all but the saving."""
        result: dict[str, Any] = self._without(self.component("postprocessing"), SaveImaged)(item)
        return result

    @staticmethod
    def _without(chain: Compose, *kinds: type) -> Compose:
        return Compose([step for step in chain.transforms if not isinstance(step, kinds)])


def open_bundle(path: Path, stage: str, device: torch.device) -> Bundle:
    """Open a bundle for one stage.

    Args:
        path: the bundle's folder.
        stage: the stage that it is to serve.
        device: where its network shall run.

    Raises:
        BundleError: it is incomplete, or its weights are not the ones that its metadata vouches for.
    """
    config = next((c for n in ("inference.yaml", "inference.yml", "inference.json") if (c := path / "configs" / n).is_file()), None)
    metadata_file = path / "configs" / "metadata.json"
    if config is None or not metadata_file.is_file():
        raise BundleError(f"{path}: not a complete MONAI bundle (configs/metadata.json and configs/inference.yaml or .json are needed)")
    weights = path / WEIGHTS
    if not weights.is_file():
        raise BundleError(f"{weights}: there are no weights here; train the bundle (`nodulescope train {path.name}`) or restore the file")
    parser = ConfigParser()
    try:
        metadata = json.loads(metadata_file.read_text(encoding="utf-8"))
        parser.read_config(str(config))
        parser.read_meta(str(metadata_file))
    except (ValueError, YAMLError) as error:
        raise BundleError(f"{path}: its configuration cannot be read ({str(error).splitlines()[0]}); restore the file") from error
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    expected = metadata.get("weights", {}).get(WEIGHTS, {}).get("sha256", sha256)
    if expected != sha256:
        raise BundleError(f"{weights}: its SHA-256 is not the one in metadata.json; the file was changed or damaged, restore it")
    allow_resnet_pyramids()
    changes: dict[str, Any] = {"bundle_root": str(path), "device": f"$torch.device('{device}')"}
    if "whether_raw_luna16" in parser:  # the Model Zoo's detector resamples by itself only when it is told that its input is raw
        changes["whether_raw_luna16"] = True
    parser.update(pairs=changes)
    _disable_loading(parser.get())
    return Bundle(stage, path, str(metadata.get("name", path.name)), str(metadata.get("version", "")), sha256, device, parser)


def _disable_loading(config: dict[str, Any]) -> None:
    """Keep loading from being built: CTs come from memory.

    The Model Zoo's detector names a reader that may not be installed, and arguments that MONAI has dropped since.
    """
    loading = (LoadImaged.__name__, EnsureChannelFirstd.__name__)
    chain = config.get("preprocessing")
    for step in chain.get("transforms", ()) if isinstance(chain, dict) else ():
        if isinstance(step, dict) and str(step.get("_target_")).rpartition(".")[2] in loading:
            step["_disabled_"] = True

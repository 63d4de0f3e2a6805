"""What can be found out before anything is started: whether every site has cases, and whether all of them train the same network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser
from torch import nn

from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import BundleError, InputError, NodulescopeError
from nodulescope.bundles.predictors.torchvision_free import allow_resnet_pyramids
from nodulescope.federated.sites.site import Site


@dataclass(frozen=True)
class SiteCases:
    """How much a site has.

    Attributes:
        name: the site's.
        training: cases to train on.
        validation: cases to validate on.
        ratings: ratings per reader, for cases that have such; 0 for others.
    """

    name: str
    training: int
    validation: int
    ratings: int


def look_at_sites(sites: Sequence[Site], root: Path, configs: Sequence[str]) -> tuple[SiteCases, ...]:
    """Look at every site's data and settings.

    Args:
        sites: their data must be reachable from here.
        root: folder of the bundle, where a site names none.
        configs: the bundle's configurations.

    Raises:
        InputError: a site has no cases, names files that are not there, or has other classes than the first; the message names all of them.
    """
    seen: list[SiteCases] = []
    problems: list[str] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for site in sites:
        try:
            cases = _cases(site)
            own = shapes_of(build_network(site.bundle or root, configs, site.settings))
        except NodulescopeError as error:
            problems.append(f"{site.name}: {error}")
            continue
        shapes = shapes or own
        if own != shapes:
            problems.append(f"{site.name}: {_difference(own, shapes)}; all sites must have the same classes and the same network")
        if seen and cases.ratings and seen[0].ratings and cases.ratings != seen[0].ratings:
            problems.append(f"{site.name}: {site.datalist} has {cases.ratings} ratings per reader, {seen[0].name} has {seen[0].ratings}")
        seen.append(cases)
    if problems:
        raise InputError("no round was begun: " + "; ".join(problems))
    return tuple(seen)


def build_network(root: Path, configs: Sequence[str], settings: Any = None) -> nn.Module:
    """The network of a bundle's training configuration.

    Raises:
        BundleError: it has none, or it cannot be built with these settings.
    """
    allow_resnet_pyramids()
    parser = ConfigParser()
    try:
        parser.read_config([str(root / "configs" / name) for name in configs])
        parser.update(pairs={key: value for key, value in (settings or {}).items() if key.startswith("network_def")})
        network: nn.Module = parser.get_parsed_content("network_def")
    except Exception as error:  # whatever a configuration's own code raises
        reason = str(error.__cause__ or error).splitlines()[0]
        raise BundleError(f"{root}: its network cannot be built ({reason})") from error
    return network


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter and buffer."""
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _cases(site: Site) -> SiteCases:
    parts = {part: read_datalist(site.datalist, part, file_keys=["image"]) for part in ("training", "validation")}
    for part, items in parts.items():
        if not items:
            raise InputError(f"{site.datalist}: has no cases in its {part} part; a site needs at least one to train and one to validate on")
    rows = [row for items in parts.values() for item in items for row in item.get("ratings") or ()]
    widths = {len(row) for row in rows if isinstance(row, list)}
    if len(widths) > 1:
        raise InputError(f"{site.datalist}: its readers gave {' or '.join(map(str, sorted(widths)))} ratings; all must give the same ones")
    return SiteCases(site.name, len(parts["training"]), len(parts["validation"]), next(iter(widths), 0))


def _difference(own: dict[str, tuple[int, ...]], others: dict[str, tuple[int, ...]]) -> str:
    name = next(name for name in {**own, **others} if own.get(name) != others.get(name))
    return f"its network has {name} of shape {own.get(name, 'none')}, the others have {others.get(name, 'none')}"

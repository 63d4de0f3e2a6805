"""The stages of the chain and the bundle that serves each of them."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from nodulescope.bundles.errors import BundleError, UsageError

STAGES = ("lung_segmentation", "nodule_detection", "nodule_segmentation", "nodule_grading")
"""In running order. Each is also the name of the bundle that ships for it."""

ENTRY_POINT_GROUP = "nodulescope.bundles"
"""An installed package that offers an entry point of this group, named like a stage, replaces the shipped bundle."""


def find_bundle(stage: str, override: Path | None = None) -> Path:
    """Folder of the bundle that serves a stage.

    Args:
        stage: one of :data:`STAGES`.
        override: a bundle's folder that a person named; wins over everything.

    Raises:
        UsageError: there is no such stage.
        BundleError: the folder, or the package that offers the bundle, is not there.
    """
    if stage not in STAGES:
        raise UsageError(f"{stage}: no such stage; there are {', '.join(STAGES)}")
    if override is not None:
        if not (override / "configs").is_dir():
            raise BundleError(f"{override}: not a MONAI bundle (it has no configs folder)")
        return override
    own = f"nodulescope.bundles.{stage}"
    offered = [e.module for e in entry_points(group=ENTRY_POINT_GROUP) if e.name == stage]
    foreign = sorted(value for value in offered if value != own)
    module = foreign[0] if foreign else own
    try:
        spec = find_spec(module)
    except ImportError:  # the package around it is missing, or fails when it is imported
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise BundleError(f"{module}: the package that offers the bundle for {stage} cannot be imported")
    return Path(next(iter(spec.submodule_search_locations)))

"""What tests of the command share: one small phantom study, and findings as ``findings.json`` has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nodulescope.apps.cli.phantom_study import write_phantom_study
from nodulescope.bundles.data.phantoms import NoduleSpec, PhantomScan, Scanner, make_phantom
from nodulescope.bundles.predictors import STAGES, find_bundle


@pytest.fixture(scope="session")
def small_phantom() -> PhantomScan:
    """A coarse phantom with one nodule, and a round field of view: quick to make, small on disk."""
    return make_phantom(5, scanner=Scanner((2.0, 2.0, 5.0), field_of_view_mm=360.0), nodules=(NoduleSpec("solid", 14.0),))


@pytest.fixture(scope="session")
def small_study(small_phantom: PhantomScan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``nodulescope phantom`` makes of it."""
    folder = tmp_path_factory.mktemp("study")
    write_phantom_study(small_phantom, folder)
    return folder


@pytest.fixture
def require_weights() -> Callable[..., None]:
    """Skip where the weights of a stage are not there yet: ``require_weights("nodule_grading")``."""

    def require(*stages: str) -> None:
        missing = [stage for stage in stages or STAGES if not (find_bundle(stage) / "models" / "model.pt").is_file()]
        if missing:
            pytest.skip(f"no weights yet: {', '.join(missing)}")

    return require


@pytest.fixture
def make_finding() -> Callable[..., dict[str, Any]]:
    """One nodule of ``findings.json``: ``make_finding(id=2, center_lps_mm=[...])``."""

    def make(**changes: Any) -> dict[str, Any]:
        nodule: dict[str, Any] = {
            "id": 1,
            "center_lps_mm": [-61.5, 20.25, -143.0],
            "side": "right",
            "type": "solid",
            "long_axis_mm": 12.3,
            "short_axis_mm": 9.1,
            "mean_diameter_mm": 10.7,
            "volume_mm3": 612,
            "is_mass": False,
            "probability": 0.9312,
            "malignancy": 3.64,
            "lung_rads": "4A",
        }
        return nodule | changes

    return make

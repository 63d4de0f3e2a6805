"""Data for a first try of a training configuration: two small phantoms, made when they are first asked for."""

from __future__ import annotations

import os
from pathlib import Path

from nodulescope.bundles.data.phantom_datalist import write_phantom_datalists
from nodulescope.bundles.data.phantoms import PhantomScan, Scanner, make_phantom
from nodulescope.bundles.data.phantoms.nodule_spec import NoduleSpec
from nodulescope.bundles.data.phantoms.patient import Patient

SMALL_PATIENT = Patient(half_width_mm=100.0, half_depth_mm=70.0, lung_height_mm=150.0, fat_mm=4.0, muscle_mm=7.0, vessels_per_litre=300.0)
"""The smallest chest there is, with few vessels: a phantom of it takes seconds."""

NODULES = (
    NoduleSpec(diameter_mm=6.0),
    NoduleSpec(diameter_mm=9.0, place="pleura"),
    NoduleSpec(kind="ground-glass", diameter_mm=12.0),
    NoduleSpec(diameter_mm=16.0, lobulation=0.6, spiculation=0.7),
)
"""Enough of them that every batch of a smoke test holds something to learn."""


def smoke_datalist(name: str, folder: Path | None = None) -> str:
    """Path of a datalist that is made, with its data, unless it is already there.

    Args:
        name: ``scans.json`` (lungs and detection) or ``cubes/datalist.json`` (outline and grading).
        folder: where the data are kept; the user's cache folder (XDG base directory specification) when None.
    """
    place = folder or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "nodulescope" / "smoke"
    if not (place / name).is_file():
        for _ in write_phantom_datalists(place, scans=2, validation_every=2, make=small_phantom):
            pass
    return str(place / name)


def small_phantom(seed: int) -> PhantomScan:
    """A small chest at 1 mm with four nodules."""
    return make_phantom(seed, scanner=Scanner(), patient=SMALL_PATIENT, nodules=NODULES)

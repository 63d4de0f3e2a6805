"""The phantom for the image's self-test: a small CT with one nodule, as a DICOM series, beside its truth."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nodulescope.apps.cli.phantom_study import write_phantom_study
from nodulescope.bundles.data.phantoms import NoduleSpec, PhantomScan, Scanner, make_phantom

SEED = 5
DIAMETER_MM = 14.0
"""Large enough to be found on slices of 5 mm by any model that works, far from the 30 mm of a mass."""

SCANNER = Scanner((2.0, 2.0, 5.0), field_of_view_mm=360.0)
"""Coarse: it weighs 2 MB in the image and is analysed in half a minute on two cores."""


@cache
def self_test_phantom() -> PhantomScan:
    """The phantom."""
    return make_phantom(SEED, scanner=SCANNER, nodules=(NoduleSpec("solid", DIAMETER_MM),))


def write_self_test_study(folder: Path) -> None:
    """Write ``dicom/`` and ``truth.json``."""
    write_phantom_study(self_test_phantom(), folder)
    for labels in folder.glob("*.nii.gz"):
        labels.unlink()  # the self-test reads no label maps

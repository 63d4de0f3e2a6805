"""One small phantom with one nodule of every kind and place, shared by the tests of this room."""

from __future__ import annotations

import pytest

from nodulescope.bundles.data.phantoms import NoduleSpec, Patient, PhantomScan, Scanner, make_phantom

COARSE = Scanner(spacing_mm=(2.0, 2.0, 2.5))

SPECS = (
    NoduleSpec("solid", 12.0, sphericity=0.9, lobulation=0.1, spiculation=0.0, place="isolated"),
    NoduleSpec("part-solid", 16.0, lobulation=0.3, spiculation=0.2, place="isolated"),
    NoduleSpec("ground-glass", 14.0, place="isolated"),
    NoduleSpec("calcified", 10.0, sphericity=1.0, lobulation=0.0, place="isolated"),
    NoduleSpec("solid", 8.0, place="vessel"),
    NoduleSpec("solid", 18.0, spiculation=0.8, lobulation=0.5, place="pleura"),
    NoduleSpec("solid", 36.0, spiculation=0.5, lobulation=0.6, place="pleura"),
    NoduleSpec("solid", 4.0, place="isolated"),
)


@pytest.fixture(scope="session")
def phantom() -> PhantomScan:
    """A coarse phantom that holds :data:`SPECS`."""
    return make_phantom(3, scanner=COARSE, patient=Patient(), nodules=SPECS)

"""The ranking by which one of several CT series is analysed.

What decides, the strongest first; each criterion keeps the best of what the earlier ones left:

1. *Lungs.* The series that show most of the lungs, seen in the pixels of a few slices, for headers name the body part wrongly or not at
   all. This also prefers a full breath to an expiration, and drops heart scans that cut the lungs off.
2. *Axial.* Sizes of nodules are defined on axial slices, and reformats were interpolated once already.
3. *Original*, not derived: averages and post-processed images have other noise and edges.
4. *No attenuation correction of PET*: that CT is taken in free breathing at low dose.
5. *Chest* by its header, and *coverage* of the patient: only where no pixels told.
6. *Complete*: a series that is one scan rather than a part of a mixed one.
7. *Thin slices*: 1.5 mm or less is what the Fleischner Society asks for to characterise and measure small nodules (MacMahon et al.,
   Radiology 2017); where none is that thin, the thinnest.
8. *Kernel*: medium before unknown, smooth and sharp ones, see :class:`~nodulescope.operators.dicom.reconstruction_kernel.Sharpness`.
9. *Thinnest* of those, then *smallest pixels*.

What is still equal is decided by the lower series number, so that a repeated run decides alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from pydicom.dataset import FileDataset

from nodulescope.operators.dicom.attenuation_correction import corrects_attenuation
from nodulescope.operators.dicom.lung_probe import probed_lung_ml
from nodulescope.operators.dicom.reconstruction_kernel import sharpness_of
from nodulescope.operators.dicom.series_geometry import SliceStack

AXIAL_WITHIN_DEG = 31.0
"""A normal that close to the body axis makes a series axial: gantries tilt by 30 degrees at most, and coronal and sagittal reformats are
90 degrees off."""

SAME_COVERAGE = 0.9
"""Series that cover this fraction of the best cover the same region: reconstructions of one scan differ by some slices, and lungs that
were probed by a few percent."""

LEAST_LUNG_ML = 500.0
"""Below this volume the probe found no lungs to compare: two lungs hold more even in deep expiration (residual volume 1000 ml)."""

SAME_SPACING = 1.01
"""Slice spacings within this ratio are equal but for rounding."""

SAME_PIXELS = 1.05
"""Pixel spacings within this ratio measure alike."""

THIN_MM = 1.5
"""Slices up to this thickness are thin, see the ranking."""

CHEST_WORDS = ("CHEST", "THORAX", "THORAC", "LUNG", "PULMO")
"""Words that name the chest in Body Part Examined (PS3.16 annex L: CHEST, CHESTABDOMEN, CHESTABDPELVIS, LUNG; THORAX is common in
Europe) and in descriptions."""


@dataclass(frozen=True)
class Candidate:
    """One scan that can be analysed, and what the ranking looks at.

    Attributes:
        uid: Series Instance UID.
        number: Series Number, 0 where there is none.
        stack: its slices.
        left_out: images of the series that belong to no slice of the stack.
        others: headers of its study that are no CT.
    """

    uid: str
    number: int
    stack: SliceStack
    left_out: int = 0
    others: tuple[FileDataset, ...] = field(default=(), repr=False)

    @property
    def header(self) -> FileDataset:
        """Header of the first slice."""
        return self.stack.slices[0].header

    @property
    def is_axial(self) -> bool:
        """Whether the slices lie across the body."""
        return bool(abs(self.stack.slices[0].normal[2]) >= np.cos(np.radians(AXIAL_WITHIN_DEG)))

    @property
    def is_original(self) -> bool:
        """Whether the scanner calls the images original (first value of Image Type)."""
        return self.stack.slices[0].image_type[:1] == ("ORIGINAL",)

    @cached_property
    def is_diagnostic(self) -> bool:
        """Whether it was made for itself and not to correct PET."""
        return not corrects_attenuation(self.stack, self.others)

    @cached_property
    def lung_ml(self) -> float:
        """Volume of lung that a few slices show."""
        return probed_lung_ml(self.stack)

    @property
    def chest_rank(self) -> int:
        """0 where the header names the chest, 1 where it names no part of the body, 2 where it names another."""
        part, *described = (str(self.header.get(k) or "").upper() for k in ("BodyPartExamined", "SeriesDescription", "ProtocolName"))
        if any(word in text for word in CHEST_WORDS for text in (part, *described)):
            return 0
        return 2 if part else 1

    @property
    def thickness_mm(self) -> float:
        """Slice thickness, or the distance between slices where that is larger: what lies between thin slices was not scanned."""
        return max(self.stack.spacing_mm, slice_thickness_mm(self.stack) or 0.0)

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel, the longer one."""
        return max(self.stack.slices[0].row_spacing_mm, self.stack.slices[0].column_spacing_mm)

    def describe(self) -> str:
        """Name the series by its number and extent: no free text, which may name people."""
        stack = self.stack
        return f"Series {self.number} ({len(stack.slices)} slices every {stack.spacing_mm:.4g} mm over {stack.coverage_mm:.0f} mm)"


def slice_thickness_mm(stack: SliceStack) -> float | None:
    """Slice Thickness as the header has it (of an enhanced image the shared or the first frame's one), or None."""
    header = stack.slices[0].header
    groups = [header, *(header.get("SharedFunctionalGroupsSequence") or []), *(header.get("PerFrameFunctionalGroupsSequence") or [])[:1]]
    for group in groups:
        for holder in (group, *(group.get("PixelMeasuresSequence") or [])):
            try:
                thickness = float(holder.get("SliceThickness") or 0)
            except (TypeError, ValueError):
                continue
            if thickness > 0:
                return thickness
    return None


Criterion = Callable[[Sequence[Candidate]], list[Candidate]]


def _if_any(holds: Callable[[Candidate], bool]) -> Criterion:
    """Keep the candidates for which a property holds, or all when it holds for none."""
    return lambda candidates: [c for c in candidates if holds(c)] or list(candidates)


def _least(value: Callable[[Candidate], float], same: float = 1.0) -> Criterion:
    """Keep those whose value is least, or within a ratio of the least."""
    return lambda candidates: [c for c in candidates if value(c) <= same * min(value(other) for other in candidates)]


def _by_lungs(candidates: Sequence[Candidate]) -> list[Candidate]:
    most = max(c.lung_ml for c in candidates)
    return [c for c in candidates if most < LEAST_LUNG_ML or c.lung_ml >= SAME_COVERAGE * most]


def _by_coverage(candidates: Sequence[Candidate]) -> list[Candidate]:
    """By length, where the probe found no lungs: what reaches further than the lungs is no better for it."""
    if max(c.lung_ml for c in candidates) >= LEAST_LUNG_ML:
        return list(candidates)
    longest = max(c.stack.coverage_mm for c in candidates)
    return [c for c in candidates if c.stack.coverage_mm >= SAME_COVERAGE * longest]


def _by_thinness(candidates: Sequence[Candidate]) -> list[Candidate]:
    thinnest = max(THIN_MM, min(c.thickness_mm for c in candidates))
    return [c for c in candidates if c.thickness_mm <= SAME_SPACING * thinnest]


RANKING: tuple[tuple[str, Criterion], ...] = (
    ("shows most of the lungs", _by_lungs),
    ("is axial", _if_any(lambda c: c.is_axial)),
    ("is original, not derived", _if_any(lambda c: c.is_original)),
    ("is a diagnostic CT, not the attenuation correction of PET", _if_any(lambda c: c.is_diagnostic)),
    ("is of the chest", _least(lambda c: c.chest_rank)),
    ("covers most of the patient", _by_coverage),
    ("is complete", _if_any(lambda c: c.left_out == 0)),
    ("has thin slices", _by_thinness),
    ("has the kernel that suits measuring best", _least(lambda c: sharpness_of(c.header))),
    ("has the thinnest slices", _least(lambda c: c.thickness_mm, SAME_SPACING)),
    ("has the closest slices", _least(lambda c: c.stack.spacing_mm, SAME_SPACING)),
    ("has the smallest pixels", _least(lambda c: c.pixel_mm, SAME_PIXELS)),
)
"""The ranking, the strongest criterion first, and how the reason names what decided."""


def rank(candidates: Sequence[Candidate]) -> tuple[Candidate, list[str]]:
    """The best candidate and the criteria that decided.

    Args:
        candidates: at least one.

    Raises:
        InputError: pixels of a candidate are damaged.
    """
    decisive = []
    for name, criterion in RANKING:
        if len(candidates) == 1:
            break
        kept = criterion(candidates)
        if len(kept) < len(candidates):
            decisive.append(name)
        candidates = kept
    return min(candidates, key=lambda c: (c.number, c.uid)), decisive

"""Which of the CT series in a folder is analysed, by a written ranking, and the sentence that says why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import FileDataset

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import MINIMUM_SLICES
from nodulescope.operators.dicom.ct_slice import CTSlice, ct_slices, is_ct_image
from nodulescope.operators.dicom.series_geometry import SliceStack, stack_slices

AXIAL_WITHIN_DEG = 30.0
"""A normal that close to the body axis makes a series axial: gantries tilt no further, and coronal and sagittal reformats are 90 degrees
off."""

SAME_COVERAGE = 0.9
"""Series that cover this fraction of the longest cover the same region: reconstructions of one scan differ by some slices."""

SAME_SPACING = 1.01
"""Slice spacings within this ratio are equal but for rounding."""

CHEST_WORDS = ("CHEST", "THORAX", "LUNG")
"""Parts of Body Part Examined that name the chest (PS3.16 annex L: CHEST, CHESTABDOMEN, CHESTABDPELVIS, LUNG; THORAX is common in
Europe)."""


@dataclass(frozen=True)
class ChosenSeries:
    """The series to analyse.

    Attributes:
        stack: its slices, sorted, and their grid.
        reason: one sentence on why this series.
        warnings: what a reader of the result must know about the choice.
    """

    stack: SliceStack
    reason: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Series:
    """One usable series and what the ranking looks at."""

    uid: str
    number: int
    stack: SliceStack

    @property
    def header(self) -> FileDataset:
        return self.stack.slices[0].header

    @property
    def is_axial(self) -> bool:
        return bool(abs(self.stack.slices[0].normal[2]) >= np.cos(np.radians(AXIAL_WITHIN_DEG)))

    @property
    def is_original(self) -> bool:
        return self.stack.slices[0].image_type[:1] == ("ORIGINAL",)

    @property
    def chest_rank(self) -> int:
        """0 where the header names the chest, 1 where it names nothing, 2 where it names something else."""
        part = str(self.header.get("BodyPartExamined") or "").upper()
        return 0 if any(word in part for word in CHEST_WORDS) else 2 if part else 1

    def describe(self) -> str:
        stack = self.stack
        return f"Series {self.number} ({len(stack.slices)} slices every {stack.spacing_mm:g} mm over {stack.coverage_mm:.0f} mm)"


Criterion = Callable[[Sequence[_Series]], list[_Series]]


def _if_any(holds: Callable[[_Series], bool]) -> Criterion:
    """Keep the series for which a property holds, or all when it holds for none."""
    return lambda series: [s for s in series if holds(s)] or list(series)


def _by_chest(series: Sequence[_Series]) -> list[_Series]:
    best = min(s.chest_rank for s in series)
    return [s for s in series if s.chest_rank == best]


def _by_coverage(series: Sequence[_Series]) -> list[_Series]:
    longest = max(s.stack.coverage_mm for s in series)
    return [s for s in series if s.stack.coverage_mm >= SAME_COVERAGE * longest]


def _by_thinness(series: Sequence[_Series]) -> list[_Series]:
    thinnest = min(s.stack.spacing_mm for s in series)
    return [s for s in series if s.stack.spacing_mm <= SAME_SPACING * thinnest]


RANKING: tuple[tuple[str, Criterion], ...] = (
    ("is axial", _if_any(lambda s: s.is_axial)),
    ("is original, not derived", _if_any(lambda s: s.is_original)),
    ("is of the chest", _by_chest),
    ("covers most of the patient", _by_coverage),
    ("has the thinnest slices", _by_thinness),
)
"""The ranking, strongest criterion first: each keeps the best of what the earlier ones left. What is still equal after it (two kernels
of one scan) is decided by the lower series number, so that a repeated run decides alike."""


def choose_series(headers: Sequence[FileDataset], where: str, series_uid: str | None = None) -> ChosenSeries:
    """Choose the series that is analysed.

    Everything that is no CT image is ignored (SR, SEG, RTSTRUCT, dose sheets, PET, MR), and so are localizers, also those filed within a
    series of slices. Only series whose slices form a regular grid take part.

    Args:
        headers: every DICOM header of the input.
        where: what the user named, for messages.
        series_uid: Series Instance UID that the user asks for; None lets :data:`RANKING` decide.

    Raises:
        InputError: no CT; no usable series (the message of the one with most slices); several studies; an unknown ``series_uid``.
    """
    groups: dict[str, list[FileDataset]] = defaultdict(list)
    for header in headers:
        if is_ct_image(header):
            groups[str(header.SeriesInstanceUID)].append(header)
    if not groups:
        found = ", ".join(f"{modality} ({n})" for modality, n in sorted(Counter(str(h.get("Modality", "?")) for h in headers).items()))
        raise InputError(f"{where}: holds no CT image, only {found}; name the folder of a chest CT")
    if series_uid is not None:
        if series_uid not in groups:
            raise InputError(f"{where}: holds no CT series {series_uid}; it holds {', '.join(sorted(groups))}")
        groups = {series_uid: groups[series_uid]}
    _require_one_study(groups, where)
    usable, refused = _usable_series(groups, where)
    if not usable:
        raise max(refused, key=lambda pair: pair[0])[1]
    chosen, decisive = _rank(usable)
    if series_uid is not None:
        reason = f"{chosen.describe()} was asked for by its UID."
    elif len(usable) == 1:
        reason = f"{chosen.describe()} is the only CT series that can be analysed."
    else:
        because = ", ".join(decisive) or "has the lowest series number among equals"
        reason = f"{chosen.describe()} was chosen from {len(usable)} CT series because it {because}."
    return ChosenSeries(chosen.stack, reason, _warnings(chosen, [str(error) for n, error in refused if n >= MINIMUM_SLICES]))


def _require_one_study(groups: dict[str, list[FileDataset]], where: str) -> None:
    """Two studies may be two patients, or a scan and its prior: nothing here may guess which one is meant."""
    studies = {str(header.get("StudyInstanceUID", "")) for group in groups.values() for header in group}
    if len(studies) > 1:
        raise InputError(f"{where}: holds CT of {len(studies)} studies; name the folder of one study, or one series by its UID")


def _usable_series(groups: dict[str, list[FileDataset]], where: str) -> tuple[list[_Series], list[tuple[int, InputError]]]:
    """Split series into those whose slices form a grid and, with their number of slices, the reasons of the others."""
    usable: list[_Series] = []
    refused: list[tuple[int, InputError]] = []
    for uid, group in groups.items():
        number = int(group[0].get("SeriesNumber") or 0)
        name = f"{where}: series {number}" if len(groups) > 1 else where
        try:
            slices: list[CTSlice] = [one for header in group for one in ct_slices(header)]
            if not slices:
                refused.append((0, InputError(f"{name}: holds only localizers (scout views); name the folder of a chest CT")))
                continue
            usable.append(_Series(uid, number, stack_slices(slices, name)))
        except InputError as error:
            refused.append((len(group), error))
    return usable, refused


def _rank(series: Sequence[_Series]) -> tuple[_Series, list[str]]:
    """The best series and the criteria that decided."""
    decisive = []
    for name, criterion in RANKING:
        kept = criterion(series)
        if len(kept) < len(series):
            decisive.append(name)
        series = kept
    return min(series, key=lambda s: (s.number, s.uid)), decisive


def _warnings(chosen: _Series, refused: Sequence[str]) -> tuple[str, ...]:
    """What is unusual about the chosen series, and which larger series had to be passed over."""
    warnings = []
    if not chosen.is_axial:
        warnings.append("The series is not axial.")
    if not chosen.is_original:
        warnings.append("The images are derived from others (Image Type), not original.")
    if chosen.stack.duplicates:
        warnings.append(f"{chosen.stack.duplicates} file(s) repeat an image of the series and were left out.")
    warnings.extend(f"Another series was passed over: {reason}." for reason in refused)
    return tuple(warnings)

"""Which CT series of a folder is analysed, and the sentence that says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import FileDataset

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.preprocessing.analysable_ct import MINIMUM_SLICES
from nodulescope.operators.dicom.ct_slice import is_picture
from nodulescope.operators.dicom.series_geometry import SliceStack
from nodulescope.operators.dicom.series_parts import series_parts
from nodulescope.operators.dicom.series_ranking import Candidate, rank
from nodulescope.operators.dicom.studies import CTStudy, OlderStudy, ct_studies, newest, older_than, require_one_patient, study_of_series


@dataclass(frozen=True)
class ChosenSeries:
    """The series to analyse.

    Attributes:
        stack: its slices, sorted, and their grid.
        reason: one sentence on why this series.
        warnings: what a reader of the result must know about the choice.
        priors: older CT studies of the same patient that lie beside it, the newest first.
    """

    stack: SliceStack
    reason: str
    warnings: tuple[str, ...]
    priors: tuple[OlderStudy, ...] = ()


@dataclass(frozen=True)
class _Refused:
    """A series that cannot be analysed: how many images it holds, and why."""

    number: int
    images: int
    error: InputError


def choose_series(headers: Sequence[FileDataset], where: str, series_uid: str | None = None) -> ChosenSeries:
    """Choose the series that is analysed.

    Everything that is no CT image is ignored (SR, SEG, RTSTRUCT, dose sheets, secondary captures, PET, MR), and so are localizers and
    projections, also those filed within a series of slices. Of several studies of one patient the newest is analysed; the others are its
    priors. Several studies of one day compete with each other.

    Args:
        headers: every DICOM header of the input.
        where: what the user named, for messages.
        series_uid: Series Instance UID that the user asks for; None lets :mod:`nodulescope.operators.dicom.series_ranking` decide.

    Raises:
        InputError: no CT; no usable series in the newest study (the message of the one with most images); several patients; studies
            of which nobody can tell the newest; an unknown ``series_uid``.
    """
    studies = ct_studies(headers)
    if not studies:
        found = ", ".join(f"{modality} ({n})" for modality, n in sorted(Counter(str(h.get("Modality", "?")) for h in headers).items()))
        raise InputError(f"{where}: holds no CT image, only {found}; name the folder of a chest CT")
    if series_uid is not None:
        present = [study_of_series(studies, series_uid, where)]
        require_one_patient(present, where)
        usable, refused = _candidates(present, where, series_uid)
    else:
        require_one_patient(studies, where)
        present, usable, refused = _newest_scanned(studies, where)
    usable = _readable(usable, refused)
    if not usable:
        raise max(refused, key=lambda series: series.images).error
    chosen, decisive = rank(usable)
    study = next(s for s in present if chosen.uid in s.series)
    if series_uid is not None:
        reason = f"{chosen.describe()} was asked for by its UID."
    elif len(usable) == 1:
        reason = f"{chosen.describe()} is the only CT series that can be analysed."
    else:
        because = ", ".join(decisive) or "has the lowest series number among equals"
        reason = f"{chosen.describe()} was chosen from {len(usable)} CT series because it {because}."
    priors = _priors(older_than(study, studies), where)
    newer = [] if series_uid is not None else [s for s in studies if s.date and study.date and s.date > study.date]
    warnings = (*_warnings(chosen, where, refused), *_other_studies(study, newer, present, priors))
    return ChosenSeries(chosen.stack, reason, warnings, priors)


def _newest_scanned(studies: Sequence[CTStudy], where: str) -> tuple[list[CTStudy], list[Candidate], list[_Refused]]:
    """The newest studies that hold a scan, sound or broken, and their series.

    A study of localizers or single slices alone is passed over. One whose scan is broken is not: an older scan in its place would be
    reported as today's.
    """
    left = list(studies)
    all_refused: list[_Refused] = []
    while True:
        present = newest(left, where)
        usable, refused = _candidates(present, where)
        all_refused += refused
        left = [study for study in left if study not in present]
        if usable or not left or any(series.images >= MINIMUM_SLICES for series in refused):
            return present, usable, all_refused


def _candidates(studies: Sequence[CTStudy], where: str, series_uid: str | None = None) -> tuple[list[Candidate], list[_Refused]]:
    """Split the series of some studies, or the one that was asked for, into scans that can be analysed and those that cannot."""
    usable: list[Candidate] = []
    refused: list[_Refused] = []
    several = series_uid is None and sum(len(study.series) for study in studies) > 1
    for study in studies:
        for uid, images in study.series.items():
            if series_uid not in (None, uid):
                continue
            number = _number(images[0])
            name = f"{where}: series {number}" if several else where
            try:
                parts, faults = series_parts(images, name)
            except InputError as error:
                parts, faults = [], [error]
            usable += [Candidate(uid, number, part.stack, part.left_out, study.others) for part in parts]
            refused += [_Refused(number, _slices_of(images), fault) for fault in faults]
    return usable, refused


def _readable(candidates: Sequence[Candidate], refused: list[_Refused]) -> list[Candidate]:
    """Leave out the candidates of which the ranking would find damaged pixels, and add them to the refused; one alone is not looked at."""
    if len(candidates) < 2:
        return list(candidates)
    readable = []
    for candidate in candidates:
        try:
            _ = candidate.lung_ml  # read here, kept for the ranking
        except InputError as error:
            refused.append(_Refused(candidate.number, len(candidate.stack.slices), error))
        else:
            readable.append(candidate)
    return readable


def _number(header: FileDataset) -> int:
    """Series Number, 0 where there is none."""
    try:
        return int(header.get("SeriesNumber") or 0)
    except (TypeError, ValueError):
        return 0


def _slices_of(images: Sequence[FileDataset]) -> int:
    """How many images some CT objects hold, scout views and other projections not counted."""
    kinds = [image.get("ImageType") or () for image in images]
    pictures = [is_picture((kind,) if isinstance(kind, str) else kind) for kind in kinds]
    return sum(int(image.get("NumberOfFrames") or 1) for image, picture in zip(images, pictures, strict=True) if not picture)


def _priors(older: Sequence[CTStudy], where: str) -> tuple[OlderStudy, ...]:
    """Older studies with a scan that can be analysed, and the best series of each."""
    priors = []
    for study in older:
        usable, refused = _candidates([study], where)
        usable = _readable(usable, refused)
        if usable and study.date is not None:
            priors.append(OlderStudy(study.uid, study.date, rank(usable)[0].uid))
    return tuple(priors)


def _warnings(chosen: Candidate, where: str, refused: Sequence[_Refused]) -> tuple[str, ...]:
    """What is unusual about the chosen series, and which larger series had to be passed over; folders, which may be named after
    patients, are left out.
    """
    warnings = []
    if not chosen.is_axial:
        warnings.append("The series is not axial.")
    if not chosen.is_original:
        warnings.append("The images are derived from others (Image Type), not original.")
    if not chosen.is_diagnostic:
        warnings.append("The series was made to correct PET for attenuation: free breathing and low dose hide small nodules.")
    if chosen.stack.duplicates:
        warnings.append(f"{chosen.stack.duplicates} file(s) repeat an image of the series and were left out.")
    if chosen.left_out:
        warnings.append(f"{chosen.left_out} image(s) of the series belong to no slice of this scan and were left out.")
    for series in refused:
        if series.images >= MINIMUM_SLICES:
            fault = str(series.error).removeprefix(f"{where}: ").removeprefix(f"series {series.number}: ")
            warnings.append(f"Series {series.number} was passed over: {fault.replace(where, '').lstrip('/')}.")
    return tuple(warnings)


def _other_studies(study: CTStudy, newer: Sequence[CTStudy], present: Sequence[CTStudy], priors: Sequence[OlderStudy]) -> list[str]:
    """Name the studies beside the one that is analysed."""
    warnings = [f"A newer CT study (study {other.uid}) holds no scan, only localizers or too few slices." for other in newer]
    warnings += [
        f"Another CT study of the same day (study {other.uid}) lies beside this one; it was not analysed."
        for other in present
        if other is not study
    ]
    warnings += [
        f"An older CT study of {prior.date.isoformat()} (study {prior.study_instance_uid}, series {prior.series_instance_uid}) lies "
        "beside this one."
        for prior in priors
    ]
    return warnings

"""From a prior as a user names it, or as it lies beside the scan, to an examination that is compared with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.studies import OlderStudy
from nodulescope.operators.examination import Examination
from nodulescope.operators.guidelines.dicom_history import known_history
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.models import Models
from nodulescope.operators.nodules import Thresholds, with_guidelines
from nodulescope.operators.nodules.examining import examine_ct
from nodulescope.operators.nodules.place_examination import examine_places
from nodulescope.operators.priors.comparison import compare
from nodulescope.operators.priors.prior_findings import find_prior_findings, read_prior_findings
from nodulescope.operators.priors.prior_study import PriorStudy, prior_from_examination
from nodulescope.operators.priors.tracking import with_prior
from nodulescope.operators.reading import read_ct
from nodulescope.operators.stopwatch import Stopwatch

UNREADABLE = (
    "The older CT study of {date} in the input could not be analysed, so nothing was compared; name it as the prior to be told the reason."
)


@dataclass(frozen=True)
class WantedPrior:
    """Which prior an examination is compared with.

    Attributes:
        path: a scan or the findings of one, see :func:`open_prior`.
        series_uid: the series of the scan; None lets the ranking choose.
        beside: the older study that was found beside the scan that is analysed; None where a person named the prior.
    """

    path: Path
    series_uid: str | None = None
    beside: OlderStudy | None = None


def wanted_prior(named: Path | None, source: Path, older: Sequence[OlderStudy], take_older: bool) -> WantedPrior | None:
    """The prior that a person named, else the newest older study in the input, else none.

    Args:
        named: what a person named.
        source: the input.
        older: older studies of the patient in the input, the newest first.
        take_older: False takes none that nobody named.
    """
    if named is not None:
        return WantedPrior(named)
    if not older or not take_older:
        return None
    return WantedPrior(source, older[0].series_instance_uid, older[0])


def open_prior(wanted: WantedPrior, models: Models, thresholds: Thresholds) -> PriorStudy:
    """Read the findings of a prior, or analyse its scan with the same models.

    Args:
        wanted: a ``findings.json``, a folder that holds one, or a scan of any kind that can be analysed.
        models: the bundles of all stages.
        thresholds: the operating point.

    Raises:
        InputError: it can be neither read nor analysed.
    """
    findings = None if wanted.beside else find_prior_findings(wanted.path)
    if findings is not None:
        return read_prior_findings(findings)
    ct = read_ct(wanted.path, series_uid=wanted.series_uid)
    # A person's history is that of today; of the day of the prior only its headers tell.
    history = known_history(PatientHistory(), ct.source)
    return prior_from_examination(examine_ct(ct, models, thresholds.without_prior(), history, Stopwatch()))


def follow_up(exam: Examination, wanted: WantedPrior, models: Models, thresholds: Thresholds, history: PatientHistory) -> Examination:
    """Compare an examination with a prior, and class its nodules anew by what became of them.

    Nodules of the prior that were not found are looked for once more, among weaker findings and at their places.

    Args:
        exam: the examination, its nodules still baseline findings.
        wanted: the prior.
        models: the bundles of all stages.
        thresholds: the operating point.
        history: what is known of the patient.

    Returns:
        The examination with status and growth of every nodule, those among them that only the prior confirms. Where an older study that
        nobody named cannot be analysed it is the same with a warning more.

    Raises:
        InputError: a prior that a person named cannot be used.
    """
    try:
        prior = open_prior(wanted, models, thresholds)
        comparison = compare(exam, prior, lambda places: examine_places(exam, places, models, thresholds))
    except InputError:
        if wanted.beside is None:
            raise
        return _warned(exam, UNREADABLE.format(date=wanted.beside.date.isoformat()))
    return with_guidelines(with_prior(exam, comparison), history, None if comparison.declined else comparison)


def _warned(exam: Examination, warning: str) -> Examination:
    source = replace(exam.ct.source, warnings=(*exam.ct.source.warnings, warning))
    return replace(exam, ct=replace(exam.ct, source=source))

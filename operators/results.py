"""Writing the results of an examination: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodulescope.bundles.errors import UsageError
from nodulescope.operators.dicom.measurement_report import write_measurement_report
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import write_findings
from nodulescope.operators.report import write_html_report

FINDINGS = "findings.json"
REPORT = "report.html"
SEGMENTATION = "segmentation.dcm"
MEASUREMENTS = "measurements.dcm"

RESULTS = (FINDINGS, REPORT, SEGMENTATION, MEASUREMENTS)
"""Every file that an analysis may write."""


@contextmanager
def published_together(out: Path) -> Iterator[Path]:
    """Give a staging folder; when all went well its files move into ``out``, else nothing stays behind.

    Results of an earlier examination go: none of them may be taken for a part of this one.

    Args:
        out: the results' folder; made if missing. Results of an earlier analysis are replaced or removed, other files are left alone.

    Raises:
        UsageError: ``out`` cannot be written to.
    """
    existing = next(p for p in (out, *out.absolute().parents) if p.exists())
    try:
        staging = Path(tempfile.mkdtemp(prefix=".nodulescope-", dir=existing))
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        yield staging
        try:
            _publish(staging, out)
        except OSError as error:
            raise _cannot_write(out, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    files = sorted(staging.iterdir())
    for name in set(RESULTS) - {file.name for file in files}:
        (out / name).unlink(missing_ok=True)
    for file in files:
        file.replace(out / file.name)


def _cannot_write(out: Path, error: OSError) -> UsageError:
    return UsageError(f"{out}: cannot be written to ({error.strerror}); choose another output folder")


def write_dicom_results(exam: Examination, folder: Path) -> None:
    """Write SEG and SR, for examinations of DICOM series; other inputs have no study to belong to."""
    if not exam.ct.source.instances:
        return
    segmentation = write_segmentation(exam, folder / SEGMENTATION)
    write_measurement_report(exam, folder / MEASUREMENTS, segmentation)


def write_readable_results(exam: Examination, folder: Path) -> None:
    """Write ``findings.json`` and ``report.html``."""
    write_findings(exam, folder / FINDINGS)
    write_html_report(exam, folder / REPORT)

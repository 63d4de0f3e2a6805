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


@contextmanager
def published_together(out: Path) -> Iterator[Path]:
    """Give a staging folder; when all went well its files move into ``out``, else nothing stays behind.

    Args:
        out: the results' folder; made if missing, other files in it are left alone.

    Raises:
        UsageError: ``out`` cannot be written to.
    """
    parent = next(p for p in (out, *out.absolute().parents) if p.is_dir())
    try:
        staging = Path(tempfile.mkdtemp(prefix=".nodulescope-", dir=parent))
    except OSError as error:
        raise UsageError(f"{out}: cannot be written to ({error.strerror}); choose another output folder") from error
    try:
        yield staging
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(staging.iterdir()):
            file.replace(out / file.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


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

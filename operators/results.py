"""Writing the results of an examination: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nodulescope.bundles.errors import UsageError
from nodulescope.operators.dicom.encapsulated_pdf import write_encapsulated_pdf
from nodulescope.operators.dicom.key_images import FILE_PATTERN, write_key_images
from nodulescope.operators.dicom.measurement_report import write_measurement_report
from nodulescope.operators.dicom.segmentation import write_segmentation
from nodulescope.operators.examination import Examination
from nodulescope.operators.examination.findings_json import write_findings
from nodulescope.operators.report import DEFAULT_LANGUAGE, write_html_report, write_pdf_report

FINDINGS = "findings.json"
REPORT = "report.html"
PDF_REPORT = "report.pdf"
SEGMENTATION = "segmentation.dcm"
MEASUREMENTS = "measurements.dcm"
DICOM_REPORT = "report.dcm"
KEY_IMAGES = FILE_PATTERN

READABLE = (REPORT, PDF_REPORT, FINDINGS)
"""What people and programs read, of any input."""

DICOM = (SEGMENTATION, MEASUREMENTS, DICOM_REPORT, KEY_IMAGES)
"""What a PACS takes, of DICOM input; patterns of file names."""


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
    kept = {file.name for file in files}
    for old in result_files(out):
        if old.name not in kept:
            old.unlink()
    for file in files:
        file.replace(out / file.name)


def _cannot_write(out: Path, error: OSError) -> UsageError:
    return UsageError(f"{out}: cannot be written to ({error.strerror}); choose another output folder")


def result_files(folder: Path) -> list[Path]:
    """The results of an analysis in a folder, what people read first."""
    return [file for pattern in (*READABLE, *DICOM) for file in sorted(folder.glob(pattern), key=_in_order)]


def _in_order(file: Path) -> tuple[int, str]:
    """Number 10 comes after number 9."""
    return len(file.name), file.name


def write_dicom_results(exam: Examination, folder: Path) -> None:
    """Write SEG, SR and key images, for examinations of DICOM series; other inputs have no study to belong to."""
    if not exam.ct.source.instances:
        return
    segmentation = write_segmentation(exam, folder / SEGMENTATION)
    write_measurement_report(exam, folder / MEASUREMENTS, segmentation)
    write_key_images(exam, folder)


def write_readable_results(exam: Examination, folder: Path, language: str = DEFAULT_LANGUAGE) -> None:
    """Write ``findings.json``, ``report.html``, ``report.pdf`` and, for examinations of DICOM series, the PDF as ``report.dcm``.

    Args:
        exam: what was found.
        folder: an existing folder.
        language: of both reports.

    Raises:
        UsageError: the reports do not speak the language.
    """
    write_findings(exam, folder / FINDINGS)
    write_html_report(exam, folder / REPORT, language)
    write_pdf_report(exam, folder / PDF_REPORT, language)
    if exam.ct.source.instances:
        write_encapsulated_pdf(exam, folder / PDF_REPORT, folder / DICOM_REPORT, language=language)

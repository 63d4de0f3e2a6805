"""The readable report as a DICOM object: an Encapsulated PDF in the study of the images."""

from __future__ import annotations

import hashlib
from pathlib import Path

from highdicom import SOPClass
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from nodulescope.operators.dicom.result_equipment import equipment, settle
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.dicom.uids import result_instance_uid, result_series_uid, results_digest
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.whole_file import whole_file

ROLE = "report"
SERIES_NUMBER = 9104
TITLE = "Lung nodule report (automatic)"

_PDF_START = b"%PDF-"
"""How every PDF begins (ISO 32000-1, section 7.5.2)."""


def make_encapsulated_pdf(exam: Examination, pdf: bytes, language: str = "en") -> Dataset:
    """Wrap a PDF into an Encapsulated PDF object (PS3.3 A.45.1).

    It says that it identifies the patient's examination (Burned In Annotation YES): the report names UIDs and dates, so whoever
    de-identifies the study must not keep it. The verification flag says that nobody has verified it.

    Args:
        exam: what was found on a DICOM CT.
        pdf: the report.
        language: the report's language; two reports of one examination are two objects of one series.

    Raises:
        InputError: the CT carries no DICOM headers.
        ValueError: the bytes are no PDF.
    """
    if not pdf.startswith(_PDF_START):
        raise ValueError("the report to be wrapped is no PDF")
    source = source_images(exam.ct)
    result = SOPClass(
        study_instance_uid=source.headers[0].StudyInstanceUID,
        series_instance_uid=result_series_uid(exam, ROLE),
        series_number=SERIES_NUMBER,
        sop_instance_uid=result_instance_uid(exam, f"{ROLE} {language}", _digest(exam, pdf)),
        sop_class_uid=EncapsulatedPDFStorage,
        instance_number=1,
        modality="DOC",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **equipment(exam),
        series_description=TITLE,
        specific_character_set="ISO_IR 192",
        content_date=source.date,
        content_time=source.time,
    )
    result.copy_patient_and_study_information(source.headers[0])
    _describe(result, language)
    result.SourceInstanceSequence = [_reference(header) for header in source.headers]
    result.EncapsulatedDocumentLength = len(pdf)
    result.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    settle(result, source)
    return result


def write_encapsulated_pdf(exam: Examination, pdf: Path, path: Path, *, language: str = "en") -> Dataset:
    """Write ``report.dcm``.

    The same examination and the same PDF give the same bytes, so a repeated run replaces its report where the PDF is free of clock and
    chance.

    Args:
        exam: what was found on a DICOM CT.
        pdf: the report's file.
        path: the file to write; replaced if it exists.
        language: the report's language.

    Raises:
        InputError: the CT carries no DICOM headers.
        ValueError: the file is no PDF.
        OSError: a file cannot be read or written.
    """
    result = make_encapsulated_pdf(exam, pdf.read_bytes(), language)
    with whole_file(path) as beside:
        result.save_as(beside, enforce_file_format=True)
    return result


def _digest(exam: Examination, pdf: bytes) -> str:
    """Digest of the examination and of its report: another page, for example with another prior beside it, is another object."""
    return f"{results_digest(exam)} {hashlib.sha256(pdf).hexdigest()}"


def _describe(result: Dataset, language: str) -> None:
    """Say what the document is (PS3.3 C.24.2) and that a workstation made it (C.8.6.1)."""
    result.ConversionType = "WSD"
    result.AcquisitionDateTime = None
    result.BurnedInAnnotation = "YES"
    result.DocumentTitle = TITLE if language == "en" else f"{TITLE} [{language}]"
    result.ConceptNameCodeSequence = [CodedConcept.from_code(codes.LN.CTChestReport)]
    result.VerificationFlag = "UNVERIFIED"
    result.MIMETypeOfEncapsulatedDocument = "application/pdf"


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item

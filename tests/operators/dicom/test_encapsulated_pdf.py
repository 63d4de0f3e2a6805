from __future__ import annotations

import dataclasses

import pytest
from pydicom import dcmread

from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.encapsulated_pdf import make_encapsulated_pdf, write_encapsulated_pdf

ODD_PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF"
EVEN_PDF = ODD_PDF + b"\n"


@pytest.fixture
def pdf(tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(ODD_PDF)
    return path


@pytest.mark.parametrize("content", [ODD_PDF, EVEN_PDF])
def test_the_report_comes_out_as_it_went_in(content, any_examination, pdf, tmp_path):
    pdf.write_bytes(content)
    write_encapsulated_pdf(any_examination, pdf, tmp_path / "report.dcm")
    result = dcmread(tmp_path / "report.dcm")
    assert len(result.EncapsulatedDocument) % 2 == 0
    assert result.EncapsulatedDocument[: result.EncapsulatedDocumentLength] == content
    assert result.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert result.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"


def test_it_belongs_to_the_study_and_is_marked_as_unverified_and_identifying(dicom_examination):
    result = make_encapsulated_pdf(dicom_examination, EVEN_PDF)
    header = dicom_examination.ct.source.instances[0]
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyDescription"):
        assert result[keyword].value == header[keyword].value
    assert (result.Modality, result.VerificationFlag, result.BurnedInAnnotation) == ("DOC", "UNVERIFIED", "YES")
    assert result.ConceptNameCodeSequence[0].CodeValue == "24627-2"
    assert (str(result.ContentDate), str(result.ContentTime)) == ("20000101", "120000")
    assert "InstanceCreationDate" not in result
    sources = [item.ReferencedSOPInstanceUID for item in result.SourceInstanceSequence]
    assert sources == [h.SOPInstanceUID for h in dicom_examination.ct.source.instances]


def test_languages_are_two_objects_of_one_series(dicom_examination):
    english, chinese = (make_encapsulated_pdf(dicom_examination, EVEN_PDF, language) for language in ("en", "zh"))
    assert english.SeriesInstanceUID == chinese.SeriesInstanceUID
    assert english.SOPInstanceUID != chinese.SOPInstanceUID
    assert (english.DocumentTitle, chinese.DocumentTitle) == ("Lung nodule report (automatic)", "Lung nodule report (automatic) [zh]")


def test_the_object_is_named_by_what_was_found_and_what_is_written_of_it(dicom_examination):
    fewer = dataclasses.replace(dicom_examination, nodules=dicom_examination.nodules[:1])
    reports = ((dicom_examination, EVEN_PDF), (dicom_examination, ODD_PDF), (fewer, EVEN_PDF))
    objects = [make_encapsulated_pdf(exam, pdf) for exam, pdf in reports]
    assert len({result.SOPInstanceUID for result in objects}) == 3
    assert len({result.SeriesInstanceUID for result in objects}) == 1


def test_a_repeated_run_writes_the_same_bytes(dicom_examination, pdf, tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_encapsulated_pdf(dicom_examination, pdf, tmp_path / name)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_what_is_no_pdf_is_refused_and_nothing_written(dicom_examination, pdf, tmp_path):
    pdf.write_bytes(b"<html></html>")
    with pytest.raises(ValueError, match="is no PDF"):
        write_encapsulated_pdf(dicom_examination, pdf, tmp_path / "report.dcm")
    assert not (tmp_path / "report.dcm").exists()


def test_an_input_that_is_no_dicom_is_refused(dicom_examination):
    source = dataclasses.replace(dicom_examination.ct.source, kind="nrrd", instances=())
    exam = dataclasses.replace(dicom_examination, ct=dataclasses.replace(dicom_examination.ct, source=source))
    with pytest.raises(InputError, match="need a DICOM input"):
        make_encapsulated_pdf(exam, EVEN_PDF)


def test_the_validator_finds_no_error(any_examination, pdf, dciodvfy, tmp_path):
    write_encapsulated_pdf(any_examination, pdf, tmp_path / "report.dcm", language="zh")
    assert dciodvfy(tmp_path / "report.dcm") == []

"""The DICOM measurement report: a Comprehensive 3D SR by TID 1500, as the IHE profile *AI Results* asks for.

It has no image library (TID 1600 is optional in TID 1500): each group names the images under its nodule, and the evidence all of them.
"""

from __future__ import annotations

from pathlib import Path

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.absence_group import absence_group
from nodulescope.operators.dicom.examination_statements import examination_statements
from nodulescope.operators.dicom.nodule_group import nodule_group
from nodulescope.operators.dicom.report_codes import coding_schemes
from nodulescope.operators.dicom.result_equipment import MANUFACTURER, MODEL_NAME, equipment, serial_number, settle
from nodulescope.operators.dicom.segmentation import nodule_segment_number
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.dicom.uids import derive_uid, result_instance_uid, result_series_uid
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.findings_json import examination_to_findings
from nodulescope.operators.examination.whole_file import whole_file

ROLE = "measurement report"
SERIES_NUMBER = 9102


def make_measurement_report(exam: Examination, segmentation: Dataset) -> Comprehensive3DSR:
    """Form the report: one volumetric group (TID 1411) per nodule, or one group that states the absence of nodules.

    Numbers are those of ``findings.json``. The language is English, whatever the language of the readable report: coded meanings are.

    Args:
        exam: what was found on a DICOM CT.
        segmentation: the Segmentation made from the same examination.

    Raises:
        InputError: the CT carries no DICOM headers.
        ValueError: the segmentation lacks a nodule or names it otherwise.
    """
    source = source_images(exam.ct)
    _require_same_nodules(exam, segmentation)
    findings = examination_to_findings(exam)
    instance_uid = result_instance_uid(exam, ROLE)
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_device(exam)),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,  # the context group holds no CT of the chest
        imaging_measurements=[nodule_group(exam, nodule, findings, segmentation, source) for nodule in exam.nodules]
        or [absence_group(exam, instance_uid)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    statements = examination_statements(findings)
    if statements is not None:
        content[0].ContentSequence.append(statements)
    seen = segmentation if not segmentation.get("PatientName") else _nameless(segmentation)
    result = Comprehensive3DSR(
        evidence=[*source.headers, seen],
        content=content[0],
        series_instance_uid=result_series_uid(exam, ROLE),
        series_number=SERIES_NUMBER,
        sop_instance_uid=instance_uid,
        instance_number=1,
        is_complete=True,
        **equipment(exam),
        coding_schemes=coding_schemes(),
        series_description="Lung nodule measurements (automatic)",
        specific_character_set="ISO_IR 192",
        content_date=source.date,
        content_time=source.time,
    )
    settle(result, source)
    return result


def write_measurement_report(exam: Examination, path: Path, segmentation: Dataset | Path) -> Comprehensive3DSR:
    """Write ``measurements.dcm``.

    Args:
        exam: what was found on a DICOM CT.
        path: the file to write; replaced if it exists.
        segmentation: the Segmentation made from the same examination, or its file.

    Raises:
        InputError: the CT carries no DICOM headers.
        ValueError: the segmentation lacks a nodule or names it otherwise.
        OSError: a file cannot be read or written.
    """
    segments = dcmread(segmentation, stop_before_pixels=True) if isinstance(segmentation, Path) else segmentation
    result = make_measurement_report(exam, segments)
    with whole_file(path) as beside:
        result.save_as(beside, enforce_file_format=True)
    return result


def _require_same_nodules(exam: Examination, segmentation: Dataset) -> None:
    """Segment and nodule must carry the same Tracking UID, or the report would point to another finding."""
    tracked = {int(segment.SegmentNumber): str(segment.get("TrackingUID", "")) for segment in segmentation.SegmentSequence}
    for nodule in exam.nodules:
        if tracked.get(nodule_segment_number(nodule)) != nodule.tracking_uid:
            raise ValueError(f"the segmentation holds no segment of nodule {nodule.id}; it was made from another examination")


def _nameless(segmentation: Dataset) -> Dataset:
    """Copy of the header without the patient's name, see :class:`SourceImages`."""
    copy = Dataset()
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        setattr(copy, keyword, segmentation[keyword].value)
    return copy


def _device(exam: Examination) -> ObserverContext:
    """Name nodulescope with its present weights as the observer (TID 1004). No person has looked yet, so none is named (TID 1003)."""
    serial = serial_number(exam)
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=derive_uid("device", serial, exam.generator_version),
            name=MODEL_NAME,
            manufacturer_name=MANUFACTURER,
            model_name=MODEL_NAME,
            serial_number=serial,
        ),
    )

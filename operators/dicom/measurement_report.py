"""The DICOM measurement report: a Comprehensive 3D SR by TID 1500, as the IHE profile *AI Results* asks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    Comprehensive3DSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues3D,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    ReferencedSegment,
    RelationshipTypeValues,
    Scoord3DContentItem,
    SourceImageForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.nodule_measurements import nodule_evaluations, nodule_measurements
from nodulescope.operators.dicom.report_codes import LUNG_RADS, QUALITATIVE_EVALUATIONS, coding_schemes, lung_rads_code
from nodulescope.operators.dicom.result_equipment import (
    MANUFACTURER,
    MODEL_NAME,
    equipment,
    pipeline_algorithm,
    serial_number,
    settle,
)
from nodulescope.operators.dicom.segmentation import SIDES, finding_code, nodule_segment_number, tracking_identifier
from nodulescope.operators.dicom.source_images import SourceImages, source_images
from nodulescope.operators.dicom.uids import derive_uid, result_instance_uid, result_series_uid
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.findings_json import COORDINATE_DECIMALS, examination_to_findings
from nodulescope.operators.examination.nodule import Nodule
from nodulescope.operators.examination.whole_file import whole_file

ROLE = "measurement report"
SERIES_NUMBER = 9102
NO_NODULE = "No lung nodule was found."


def make_measurement_report(exam: Examination, segmentation: Dataset) -> Comprehensive3DSR:
    """Form the report: one volumetric ROI group (TID 1411) per nodule, or one group that states the absence of nodules.

    Numbers are those of ``findings.json``. The long axis is a polyline in patient coordinates at the level of the group: viewers that
    cannot show a referenced segment draw it (OHIF fails on measurements that carry no coordinates unless the group has some).

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
    groups = [
        _nodule_group(exam, nodule, found, segmentation, source) for nodule, found in zip(exam.nodules, findings["nodules"], strict=True)
    ]
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_device(exam)),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion,  # the context group holds no CT of the chest
        imaging_measurements=groups or [_absence_group(exam)],
        title=codes.DCM.ImagingMeasurementReport,
    )
    statements = _statements(exam, findings["assessment"]["not_assessed"])
    if statements is not None:
        content[0].ContentSequence.append(statements)
    seen = segmentation if not segmentation.get("PatientName") else _nameless(segmentation)
    result = Comprehensive3DSR(
        evidence=[*source.headers, seen],
        content=content[0],
        series_instance_uid=result_series_uid(exam, ROLE),
        series_number=SERIES_NUMBER,
        sop_instance_uid=result_instance_uid(exam, ROLE),
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
    """Name nodulescope with its present weights as the observer (TID 1004)."""
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


def _nodule_group(
    exam: Examination, nodule: Nodule, found: dict[str, object], segmentation: Dataset, source: SourceImages
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    """Form the volumetric ROI group of one nodule (TID 1411)."""
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=nodule.tracking_uid, identifier=tracking_identifier(nodule)),
        referenced_segment=ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=nodule_segment_number(nodule),
            source_images=_images_of(exam, nodule, source),
        ),
        finding_category=codes.SCT.MorphologicallyAbnormalStructure,
        finding_type=finding_code(nodule),
        finding_sites=[FindingSite(codes.SCT.Lung, laterality=SIDES[nodule.side])],
        algorithm_id=pipeline_algorithm(exam),
        measurements=nodule_measurements(found, nodule.measurements.mean_hu),
        qualitative_evaluations=nodule_evaluations(nodule),
    )
    group[0].ContentSequence.append(
        Scoord3DContentItem(
            name=codes.DCM.Path,
            graphic_type=GraphicTypeValues3D.POLYLINE,
            graphic_data=np.round(np.asarray(nodule.measurements.long_axis_lps_mm, dtype=np.float64), COORDINATE_DECIMALS),
            frame_of_reference_uid=source.frame_of_reference_uid,
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
    )
    return group


def _images_of(exam: Examination, nodule: Nodule, source: SourceImages) -> list[SourceImageForSegmentation]:
    """Refer to the images on which a nodule is painted; to all of its frames at once where they are one object."""
    slices = [int(k) for k in np.flatnonzero((exam.nodule_labels == nodule.id).any(axis=(0, 1)))]
    if not slices:
        raise ValueError(f"the label map holds no voxel of nodule {nodule.id}")
    if source.frame_numbers is not None:
        header, frames = source.headers[0], sorted(int(source.frame_numbers[k]) for k in slices)
        return [SourceImageForSegmentation(header.SOPClassUID, header.SOPInstanceUID, referenced_frame_numbers=frames)]
    headers = [source.headers[k] for k in slices]
    return [SourceImageForSegmentation(header.SOPClassUID, header.SOPInstanceUID) for header in headers]


def _absence_group(exam: Examination) -> MeasurementsAndQualitativeEvaluations:
    """State in code that there is no nodule (TID 1501)."""
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=derive_uid("absence", result_instance_uid(exam, ROLE)), identifier=NO_NODULE),
        finding_type=codes.SCT.Nodule,
        finding_sites=[FindingSite(codes.SCT.Lung)],
        algorithm_id=pipeline_algorithm(exam),
        qualitative_evaluations=[QualitativeEvaluation(codes.DCM.PresenceOfProperty, codes.SCT.Absent)],
    )


def _statements(exam: Examination, not_assessed: list[dict[str, str]]) -> ContainerContentItem | None:
    """State what holds for the whole examination (TID 1500, rows 10 to 12): absence of nodules, Lung-RADS, and what was not assessed."""
    items = ContentSequence()
    contains = RelationshipTypeValues.CONTAINS
    if exam.assessment.lung_rads is not None:
        items.append(CodeContentItem(LUNG_RADS, lung_rads_code(exam.assessment.lung_rads), contains))
    texts = [] if exam.nodules else [NO_NODULE]
    texts += [f"Not assessed: {entry['what']}. {entry['reason']}" for entry in not_assessed]
    items.extend(TextContentItem(codes.DCM.Comment, text, contains) for text in texts)
    if not items:
        return None
    container = ContainerContentItem(CodedConcept.from_code(QUALITATIVE_EVALUATIONS), relationship_type=contains)
    container.ContentSequence = items
    return container

"""One nodule in the measurement report: a volumetric group of measurements (PS3.16 TID 1411)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from highdicom.sr import (
    FindingSite,
    GraphicTypeValues3D,
    ReferencedSegment,
    RelationshipTypeValues,
    Scoord3DContentItem,
    SourceImageForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nodulescope.operators.dicom.growth_measurements import prior_date
from nodulescope.operators.dicom.nodule_measurements import nodule_evaluations, nodule_measurements
from nodulescope.operators.dicom.result_equipment import pipeline_algorithm
from nodulescope.operators.dicom.segmentation import SIDES, finding_code, nodule_segment_number, tracking_identifier
from nodulescope.operators.dicom.source_images import SourceImages
from nodulescope.operators.examination.decimals import COORDINATE_DECIMALS
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.nodule import Nodule


def nodule_group(
    exam: Examination, nodule: Nodule, findings: Mapping[str, Any], segmentation: Dataset, source: SourceImages
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    """Form the group of one nodule.

    Beside what the template asks for it holds both axes as lines and the centre as a point, in patient coordinates: viewers that cannot
    show a referenced segment draw them (OHIF fails on measurements that carry no coordinates unless the group has some).

    Args:
        exam: what was found on a DICOM CT.
        nodule: one of its nodules.
        findings: the value of ``findings.json``; every number comes from it.
        segmentation: the Segmentation of the same examination; only its UIDs are read.
        source: the images that the CT was read from.

    Raises:
        ValueError: the label map holds no voxel of the nodule.
    """
    found = findings["nodules"][nodule.id - 1]
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
        measurements=nodule_measurements(found, (findings["assessment"]["brock"] or {}).get(str(nodule.id))),
        qualitative_evaluations=nodule_evaluations(found),
    )
    content = group[0].ContentSequence
    content.extend(_places(nodule, source))
    compared = prior_date(found["prior"] or {})
    if compared is not None:
        content.append(compared)
    return group


def _places(nodule: Nodule, source: SourceImages) -> Iterator[Scoord3DContentItem]:
    """Long axis, short axis and centre. Viewers that draw only one item take the first."""
    sizes = nodule.measurements
    lines = ((codes.SCT.LongAxis, sizes.long_axis_lps_mm), (codes.SCT.ShortAxis, sizes.short_axis_lps_mm))
    for name, ends in lines:
        yield _place(name, GraphicTypeValues3D.POLYLINE, np.asarray(ends, dtype=np.float64), source)
    yield _place(codes.DCM.Center, GraphicTypeValues3D.POINT, np.asarray([sizes.center_lps_mm], dtype=np.float64), source)


def _place(name: Code, kind: GraphicTypeValues3D, points: np.ndarray, source: SourceImages) -> Scoord3DContentItem:
    """Points in patient coordinates (LPS mm, shape (n, 3)) that the group contains."""
    return Scoord3DContentItem(
        name=name,
        graphic_type=kind,
        graphic_data=np.round(points, COORDINATE_DECIMALS),
        frame_of_reference_uid=source.frame_of_reference_uid,
        relationship_type=RelationshipTypeValues.CONTAINS,
    )


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

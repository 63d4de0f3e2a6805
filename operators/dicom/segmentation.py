"""The DICOM Segmentation: both lungs and every nodule on the grid of the images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr import CodedConcept
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.operators.dicom.result_equipment import equipment, settle, stage_algorithm
from nodulescope.operators.dicom.source_images import source_images
from nodulescope.operators.dicom.uids import result_instance_uid, result_series_uid
from nodulescope.operators.examination.examination import Examination
from nodulescope.operators.examination.nodule import Nodule, Side
from nodulescope.operators.examination.whole_file import whole_file

ROLE = "segmentation"
SERIES_NUMBER = 9101
"""Far above the numbers that scanners give, so that results come last in a list of series."""

MOST_FRAMES = 2000
"""Frames up to which empty ones are stored too. Some viewers shift overlays when empty frames are left out; beyond this number (some 64
MB of 512x512 frames) size weighs more, and empty frames are left out."""

SIDES = {Side.RIGHT: codes.SCT.Right, Side.LEFT: codes.SCT.Left}

_LUNG_COLORS = {Side.RIGHT: (120, 170, 220), Side.LEFT: (150, 200, 170)}
_NODULE_COLORS = ((230, 75, 60), (240, 170, 40), (200, 80, 180), (90, 200, 230), (250, 230, 80), (140, 220, 90))
"""RGB; nodules take them in turn."""


def nodule_segment_number(nodule: Nodule) -> int:
    """Segment of a nodule: its id, so that list, label map and segments share their numbers. The lungs come after the last nodule."""
    return nodule.id


def lung_segment_number(exam: Examination, side: Side) -> int:
    """Segment of a lung: right, then left, after the nodules."""
    return len(exam.nodules) + (1 if side is Side.RIGHT else 2)


def make_segmentation(exam: Examination, *, omit_empty_frames: bool | None = None) -> Segmentation:
    """Form a binary Segmentation with segments 1..n for the nodules, n + 1 for the right and n + 2 for the left lung.

    Segments do not overlap, because several viewers refuse overlapping ones: a nodule's voxels are left out of its lung.

    Args:
        exam: what was found on a DICOM CT.
        omit_empty_frames: whether frames without any voxel are left out; None decides by :data:`MOST_FRAMES`.

    Raises:
        InputError: the CT carries no DICOM headers.
    """
    source = source_images(exam.ct)
    descriptions = [*(_nodule_description(exam, nodule) for nodule in exam.nodules), *(_lung_description(exam, side) for side in Side)]
    frames = exam.ct.shape[2] * len(descriptions)
    result = Segmentation(
        source_images=source.headers,
        pixel_array=source.planes(_label_map(exam)),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=result_series_uid(exam, ROLE),
        series_number=SERIES_NUMBER,
        sop_instance_uid=result_instance_uid(exam, ROLE),
        instance_number=1,
        **equipment(exam),
        omit_empty_frames=frames > MOST_FRAMES if omit_empty_frames is None else omit_empty_frames,
        content_label="LUNG_NODULES",
        content_description="Lungs and lung nodules, segmented automatically",
        series_description="Lungs and lung nodules (automatic)",
        specific_character_set="ISO_IR 192",
        content_date=source.date,
        content_time=source.time,
    )
    settle(result, source)
    return result


def write_segmentation(exam: Examination, path: Path, *, omit_empty_frames: bool | None = None) -> Segmentation:
    """Write ``segmentation.dcm``.

    Args:
        exam: what was found on a DICOM CT.
        path: the file to write; replaced if it exists.
        omit_empty_frames: see :func:`make_segmentation`.

    Returns:
        The object that was written, for the measurement report that refers to it.

    Raises:
        InputError: the CT carries no DICOM headers.
        OSError: the file cannot be written.
    """
    result = make_segmentation(exam, omit_empty_frames=omit_empty_frames)
    with whole_file(path) as beside:
        result.save_as(beside, enforce_file_format=True)
    return result


def _label_map(exam: Examination) -> NDArray[np.uint16]:
    """Segment numbers on the CT's grid, shape (ni, nj, nk)."""
    labels = np.zeros(exam.ct.shape, dtype=np.uint16)
    labels[exam.lung_mask.labels == RIGHT_LUNG] = lung_segment_number(exam, Side.RIGHT)
    labels[exam.lung_mask.labels == LEFT_LUNG] = lung_segment_number(exam, Side.LEFT)
    np.copyto(labels, exam.nodule_labels, where=exam.nodule_labels > 0)
    return labels


def _nodule_description(exam: Examination, nodule: Nodule) -> SegmentDescription:
    """Describe the segment of a nodule; it carries the same tracking identifiers as in the measurement report."""
    description = SegmentDescription(
        segment_number=nodule_segment_number(nodule),
        segment_label=tracking_identifier(nodule),
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=finding_code(nodule),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=stage_algorithm(exam, "nodule_segmentation"),
        tracking_uid=nodule.tracking_uid,
        tracking_id=tracking_identifier(nodule),
        anatomic_regions=[codes.SCT.Lung],
        display_color=CIELabColor.from_rgb(*_NODULE_COLORS[(nodule.id - 1) % len(_NODULE_COLORS)]),
    )
    description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [CodedConcept.from_code(SIDES[nodule.side])]
    return description


def _lung_description(exam: Examination, side: Side) -> SegmentDescription:
    """Describe the segment of a lung."""
    description = SegmentDescription(
        segment_number=lung_segment_number(exam, side),
        segment_label=f"{side.value.capitalize()} lung",
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=codes.SCT.Lung,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=stage_algorithm(exam, "lung_segmentation"),
        display_color=CIELabColor.from_rgb(*_LUNG_COLORS[side]),
    )
    description.SegmentDescription = f"{side.value.capitalize()} lung without the nodules, which are segments of their own"
    kind: Dataset = description.SegmentedPropertyTypeCodeSequence[0]
    kind.SegmentedPropertyTypeModifierCodeSequence = [CodedConcept.from_code(SIDES[side])]
    return description


def tracking_identifier(nodule: Nodule) -> str:
    """Name of a nodule in every result object."""
    return f"Nodule {nodule.id}"


def finding_code(nodule: Nodule) -> Code:
    """Nodule, or mass above 30 mm."""
    code: Code = codes.SCT.Mass if nodule.is_mass else codes.SCT.Nodule
    return code

"""What is known of a prior examination, whether it was analysed again or only its findings are at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.operators.examination import Examination, Nodule, NoduleType, Side
from nodulescope.operators.examination.input_facts import Extent, Point, lung_extent, patient_id, study_date


@dataclass(frozen=True)
class RecordedNodule:
    """One nodule as an examination left it. Lengths in mm, volume in mm³, positions in LPS mm of its own scan. ``lung_rads`` is its
    category then, or None where it was not assessed.
    """

    id: int
    tracking_uid: str
    type: NoduleType
    side: Side
    center_lps_mm: Point
    long_axis_mm: float
    short_axis_mm: float
    mean_diameter_mm: float
    solid_diameter_mm: float | None
    volume_mm3: float
    lung_rads: str | None = None


@dataclass(frozen=True)
class PriorStudy:
    """A prior examination.

    Attributes:
        name: what the user named, for messages.
        nodules: in the order of its report.
        study_instance_uid, series_instance_uid: empty where unknown.
        study_date: the day of the examination, or None where unknown.
        patient_id: only to be compared, never shown; empty where unknown.
        slice_spacing_mm: largest voxel spacing.
        fully_covered: False when part of the lungs was not scanned.
        lung_extent: box around both lungs, or None where unknown.
        ct, lungs: the scan and its lungs; None when only findings are at hand.
    """

    name: str
    nodules: tuple[RecordedNodule, ...]
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    study_date: date | None = None
    patient_id: str = ""
    slice_spacing_mm: float = 0.0
    fully_covered: bool = True
    lung_extent: Extent | None = None
    ct: CTVolume | None = field(default=None, repr=False)
    lungs: LungMask | None = field(default=None, repr=False)


def prior_from_examination(exam: Examination) -> PriorStudy:
    """A prior from an earlier scan that the same chain has analysed: its CT and lungs allow a registration of the lungs."""
    source = exam.ct.source
    return PriorStudy(
        name=source.path or "the prior",
        nodules=tuple(recorded(nodule) for nodule in exam.nodules),
        study_instance_uid=source.study_instance_uid,
        series_instance_uid=source.series_instance_uid,
        study_date=study_date(exam.ct),
        patient_id=patient_id(exam.ct),
        slice_spacing_mm=max(exam.ct.spacing_mm),
        fully_covered=exam.lungs.fully_covered,
        lung_extent=lung_extent(exam.lung_mask),
        ct=exam.ct,
        lungs=exam.lung_mask,
    )


def recorded(nodule: Nodule) -> RecordedNodule:
    """What a later examination needs to know of a nodule."""
    sizes = nodule.measurements
    return RecordedNodule(
        id=nodule.id,
        tracking_uid=str(nodule.tracking_uid),
        type=nodule.type,
        side=nodule.side,
        center_lps_mm=sizes.center_lps_mm,
        long_axis_mm=sizes.long_axis_mm,
        short_axis_mm=sizes.short_axis_mm,
        mean_diameter_mm=sizes.mean_diameter_mm,
        solid_diameter_mm=sizes.solid_diameter_mm,
        volume_mm3=sizes.volume_mm3,
        lung_rads=nodule.lung_rads,
    )

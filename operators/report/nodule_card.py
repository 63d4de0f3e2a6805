"""What one nodule's card shows: words, numbers, pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nodulescope.bundles.contracts import CTVolume
from nodulescope.operators.examination import Acceptance, Assessment, Examination, Measurements, Nodule, Status
from nodulescope.operators.report import number_text
from nodulescope.operators.report.guideline_text import brock_text, row_of
from nodulescope.operators.report.messages import Messages
from nodulescope.operators.report.outlines import outline_path
from nodulescope.operators.report.pictures import cut, jpeg_uri, to_levels
from nodulescope.operators.report.place_text import place_text
from nodulescope.operators.report.planes import Plane
from nodulescope.operators.report.prior_beside import PriorBeside, prior_beside
from nodulescope.operators.report.stack import Stack, field_of_view_mm, nodule_stack

PLANE_PIXELS = 240
SCALE_BAR_MM = 10

LIDC_RATINGS = ("subtlety", "sphericity", "margin", "lobulation", "spiculation", "texture")
"""Ratings from 1 to 5, in the order of LIDC's annotation files."""

_EDGES = {"axial": ("R", "L", "A"), "coronal": ("R", "L", "H"), "sagittal": ("A", "P", "H")}
"""What lies at the left, right and upper edge of a picture."""


@dataclass(frozen=True)
class Rating:
    """One bar: ``fraction`` 0 to 1 of its length, ends named."""

    name: str
    text: str
    fraction: float | None
    low: str
    high: str
    steps: bool


@dataclass(frozen=True)
class PlanePicture:
    """One still picture of the nodule.

    Attributes:
        plane: where it lies.
        title: above the picture.
        alt: for those who do not see it.
        levels: stored grey levels, shape (pixels, pixels).
        outline: SVG path data in the picture's pixels.
        axes: lines (x1, y1, x2, y2) of the long and the short axis; only on the plane of measurement.
        edges: what lies to the left, to the right and above.
        slice_lines: height in pixels of each slice of the stack; empty on the axial picture.
    """

    plane: Plane
    title: str
    alt: str
    levels: NDArray[np.uint8] = field(repr=False)
    outline: str
    axes: tuple[tuple[float, float, float, float], ...]
    edges: tuple[str, str, str]
    slice_lines: tuple[float, ...]

    @property
    def uri(self) -> str:
        """The picture as a JPEG data URI."""
        return jpeg_uri(self.levels)


@dataclass(frozen=True)
class NoduleCard:
    """Everything on one card, ready for the template.

    Attributes:
        nodule: what it shows.
        brief: the nodule in one phrase.
        category: its Lung-RADS category with the row of the table; empty when not assessed.
        malignancy: its rating in one phrase.
        acceptance: why it is reported though it would not be on its own; empty for all others.
        stack: its axial slices.
        captions: one per slice.
        planes: still pictures: axial, coronal, sagittal.
        sizes: label and value of what a prior is compared by.
        measurements: label and value of the rest.
        ratings: bars.
        beside: the prior beside it, or None.
    """

    nodule: Nodule
    brief: str
    category: str
    malignancy: str
    acceptance: str
    stack: Stack
    captions: tuple[str, ...]
    planes: tuple[PlanePicture, ...]
    sizes: tuple[tuple[str, str], ...]
    measurements: tuple[tuple[str, str], ...]
    ratings: tuple[Rating, ...]
    beside: PriorBeside | None


def nodule_card(exam: Examination, nodule: Nodule, t: Messages) -> NoduleCard:
    """Cut the pictures and word the numbers of one nodule.

    Args:
        exam: the examination that it belongs to.
        nodule: the nodule.
        t: the language.

    Returns:
        The card.
    """
    ct = exam.ct
    stack = nodule_stack(ct, nodule)
    malignancy = t(
        "nodule.malignancy",
        malignancy=f"{nodule.grade.malignancy:.1f}",
        probability=number_text.percent(nodule.grade.malignancy_probability),
    )
    captions = slice_captions(ct, stack, t)
    prior_ct = exam.comparison.prior.ct if exam.comparison else None
    return NoduleCard(
        nodule,
        brief(nodule, t),
        _category(nodule, exam.assessment, t),
        malignancy,
        "" if nodule.acceptance is Acceptance.OPERATING_POINT else t(f"acceptance.{nodule.acceptance}"),
        stack,
        captions,
        _planes(ct, nodule, stack, t),
        _sizes(nodule.measurements, t),
        _measurements(nodule, brock_text(nodule.id, exam.assessment.brock), captions[stack.grid.start], t),
        _ratings(nodule, t),
        prior_beside(nodule, stack, prior_ct, t),
    )


def brief(nodule: Nodule, t: Messages) -> str:
    """A nodule in one phrase."""
    mean = number_text.millimetres(nodule.measurements.mean_diameter_mm)
    return t("nodule.brief", side=t(f"side.{nodule.side}"), type=t(f"type.{nodule.type}"), mean=mean)


def _category(nodule: Nodule, assessment: Assessment, t: Messages) -> str:
    if nodule.lung_rads is None:
        return ""
    row = row_of(nodule.id, assessment, t)
    return t("nodule.category", category=nodule.lung_rads, row=row) if row else t("nodule.category_only", category=nodule.lung_rads)


def slice_captions(ct: CTVolume, stack: Stack, t: Messages) -> tuple[str, ...]:
    """Name each slice so that it is found again on a workstation: DICOM's Instance Number, the slice's place, and its height."""
    texts = []
    count = ct.shape[2]
    for z, index in zip(stack.grid.z_mm, stack.grid.image_index, strict=True):
        height = number_text.millimetres(z)
        if index is None:
            texts.append(t("stack.caption", z=height))
            continue
        instance = getattr(ct.source.instances[index], "InstanceNumber", None) if len(ct.source.instances) == count else None
        if instance is None:
            texts.append(t("stack.caption.slice", number=index + 1, count=count, z=height))
        else:
            texts.append(t("stack.caption.instance", instance=instance, number=index + 1, count=count, z=height))
    return tuple(texts)


def _planes(ct: CTVolume, nodule: Nodule, stack: Stack, t: Messages) -> tuple[PlanePicture, ...]:
    sizes = nodule.measurements
    x, y, z = sizes.center_lps_mm
    field = field_of_view_mm(nodule)
    measured_z = sum(end[2] for end in sizes.long_axis_lps_mm) / len(sizes.long_axis_lps_mm)
    pictures = []
    for name, center in (("axial", (x, y, measured_z)), ("coronal", (x, y, z)), ("sagittal", (x, y, z))):
        plane = Plane(name, center, field, PLANE_PIXELS)
        left, right, above = _EDGES[name]
        lines = () if name != "axial" else tuple(_line(plane, ends) for ends in (sizes.long_axis_lps_mm, sizes.short_axis_lps_mm))
        slice_lines = () if name == "axial" else tuple(round(float(plane.position((x, y, height))[1]), 1) for height in stack.grid.z_mm)
        pictures.append(
            PlanePicture(
                plane=plane,
                title=t(f"plane.{name}"),
                alt=t(f"plane.alt.{name}", id=nodule.id, field=round(field)),
                levels=to_levels(cut(ct, plane)[0]),
                outline=outline_path(nodule.outline, plane),
                axes=lines,
                edges=(t(f"edge.{left}"), t(f"edge.{right}"), t(f"edge.{above}")),
                slice_lines=slice_lines,
            )
        )
    return tuple(pictures)


def _line(plane: Plane, ends: tuple[tuple[float, float, float], tuple[float, float, float]]) -> tuple[float, float, float, float]:
    (x1, y1), (x2, y2) = plane.position(ends)
    return round(float(x1), 1), round(float(y1), 1), round(float(x2), 1), round(float(y2), 1)


def _sizes(sizes: Measurements, t: Messages) -> tuple[tuple[str, str], ...]:
    mm = number_text.millimetres
    rows = [
        (t("nodule.mean"), t("unit.mm", value=mm(sizes.mean_diameter_mm))),
        (t("nodule.axes"), t("unit.mm_pair", long=mm(sizes.long_axis_mm), short=mm(sizes.short_axis_mm))),
        (t("nodule.volume"), t("unit.mm3", value=number_text.cubic_millimetres(sizes.volume_mm3))),
    ]
    if sizes.solid_diameter_mm is not None:
        rows.append((t("nodule.solid"), t("unit.mm", value=mm(sizes.solid_diameter_mm))))
    return tuple(rows)


def _measurements(nodule: Nodule, brock: str, caption: str, t: Messages) -> tuple[tuple[str, str], ...]:
    sizes = nodule.measurements
    x, y, z = (number_text.millimetres(value) for value in sizes.center_lps_mm)
    place = place_text(nodule, t)
    rows = [
        *([(t("nodule.place"), place)] if place else []),
        (t("nodule.density"), t("unit.hu", value=number_text.fixed(sizes.mean_hu, 0))),
        (t("nodule.probability"), number_text.percent(nodule.grade.probability)),
        # The detector said nothing of a place that only the prior pointed at.
        *([] if nodule.acceptance is Acceptance.PRIOR_PLACE else [(t("nodule.detector"), f"{nodule.candidate.score:.2f}")]),
        (t("nodule.center"), t("unit.center", x=x, y=y, z=z)),
        (t("nodule.slice"), caption),
    ]
    if nodule.status is not Status.BASELINE or nodule.prior is not None:
        rows.append((t("nodule.status"), t(f"status.{nodule.status}")))
    if brock:
        rows.append((t("nodule.brock"), brock))
    return tuple(rows)


def _ratings(nodule: Nodule, t: Messages) -> tuple[Rating, ...]:
    """Malignancy first, then LIDC's ratings, then calcification as a probability, then what a replaced bundle may say beyond these."""
    attributes = dict(nodule.grade.attributes)
    ratings = [_five_step("malignancy", nodule.grade.malignancy, t)]
    ratings += [_five_step(name, attributes.pop(name), t) for name in LIDC_RATINGS if name in attributes]
    if "calcification" in attributes:
        value = attributes.pop("calcification")
        ends = t("low.calcification"), t("high.calcification")
        ratings.append(Rating(t("rating.calcification"), number_text.percent(value), min(max(value, 0.0), 1.0), *ends, steps=False))
    ratings += [Rating(t.name_of("rating", name), f"{value:.2f}", None, "", "", steps=False) for name, value in attributes.items()]
    return tuple(ratings)


def _five_step(name: str, value: float, t: Messages) -> Rating:
    return Rating(t(f"rating.{name}"), f"{value:.1f}", min(max((value - 1) / 4, 0.0), 1.0), t(f"low.{name}"), t(f"high.{name}"), steps=True)

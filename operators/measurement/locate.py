"""Where a nodule lies: side, height, part of the section, distance from the pleura."""

from __future__ import annotations

from nodulescope.bundles.contracts import LungMask, Outline
from nodulescope.operators.examination.location import Location
from nodulescope.operators.examination.nodule import Side
from nodulescope.operators.measurement.fine_outline import refine
from nodulescope.operators.measurement.lung_sections import LungSections
from nodulescope.operators.measurement.pleura import pleura_distance_mm
from nodulescope.operators.measurement.position import side


def locate(outline: Outline, lung_mask: LungMask, sections: LungSections) -> tuple[Side, Location]:
    """Locate the nodule at the centre of an outline. The carina and the fissures are not needed, and no lobe is named.

    Args:
        outline: probability cube, axis-parallel in LPS.
        lung_mask: lung labels.
        sections: the extents of the same lungs, made once for all nodules of a scan.

    Raises:
        NothingToMeasure: no voxel of the outline lies above 0.5.
        ValueError: there are no lungs.
    """
    nodule = refine(outline)
    center = nodule.centroid_lps_mm()
    lung = side(lung_mask, center)
    return lung, Location(
        region=sections.region(lung, center),
        third=sections.third(lung, center),
        pleura_distance_mm=pleura_distance_mm(nodule, lung_mask, lung),
    )

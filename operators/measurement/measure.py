"""All measurements of one nodule."""

from __future__ import annotations

from nodulescope.bundles.contracts import CTVolume, Outline
from nodulescope.operators.examination.nodule import Measurements, NoduleType
from nodulescope.operators.measurement.axes import axial_axes
from nodulescope.operators.measurement.fine_outline import refine
from nodulescope.operators.measurement.nodule_type import classify, density, solid_diameter_mm
from nodulescope.operators.measurement.volume import volume_mm3


def measure(outline: Outline, ct: CTVolume) -> tuple[Measurements, NoduleType]:
    """Measure the nodule at the centre of an outline.

    Diameters, volume and centre come from the surface where the outline's probability is 0.5, with sub-voxel precision (on analytic balls
    and ellipsoids of 4 to 40 mm on 0.7 to 1.2 mm grids: axes within 0.1 mm, volumes within 2 %). The CT only gives densities.
    That holds for soft edges as a network draws them; a mask of zeros and ones carries no more than its voxels, and its diameters come out
    0.3 to 0.9 mm too long on a 1 mm grid.

    Args:
        outline: probability cube, axis-parallel in LPS.
        ct: CT that holds the nodule.

    Returns:
        Measurements (``solid_diameter_mm`` only for part-solid nodules) and the nodule's type.

    Raises:
        NothingToMeasure: no voxel of the outline lies above 0.5.
    """
    nodule = refine(outline)
    axes = axial_axes(nodule)
    hu = density(nodule, ct)
    kind = classify(nodule, hu)
    measurements = Measurements(
        long_axis_mm=axes.long_mm,
        short_axis_mm=axes.short_mm,
        mean_diameter_mm=axes.mean_mm,
        volume_mm3=volume_mm3(nodule),
        solid_diameter_mm=solid_diameter_mm(nodule, hu) if kind is NoduleType.PART_SOLID else None,
        mean_hu=float(hu[nodule.inside()].mean()),
        center_lps_mm=nodule.centroid_lps_mm(),
        long_axis_lps_mm=axes.long_ends_lps_mm,
        short_axis_lps_mm=axes.short_ends_lps_mm,
    )
    return measurements, kind

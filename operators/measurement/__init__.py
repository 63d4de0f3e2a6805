"""Measurements of a nodule on its outline: axes, volume, attenuation, place in the lung, label map."""

from nodulescope.operators.measurement.axes import Axes, axial_axes
from nodulescope.operators.measurement.fine_outline import FineOutline, NothingToMeasure, refine
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.measurement.locate import locate
from nodulescope.operators.measurement.lung_sections import LungSections
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.measurement.pleura import pleura_distance_mm
from nodulescope.operators.measurement.position import side
from nodulescope.operators.measurement.volume import volume_mm3

__all__ = [
    "Axes",
    "FineOutline",
    "LungSections",
    "NothingToMeasure",
    "axial_axes",
    "locate",
    "measure",
    "paint_labels",
    "pleura_distance_mm",
    "refine",
    "side",
    "volume_mm3",
]

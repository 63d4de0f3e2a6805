"""Measurements of a nodule on its outline: axes, volume, attenuation, side, label map."""

from nodulescope.operators.measurement.axes import Axes, axial_axes
from nodulescope.operators.measurement.fine_outline import FineOutline, NothingToMeasure, refine
from nodulescope.operators.measurement.labels import paint_labels
from nodulescope.operators.measurement.measure import measure
from nodulescope.operators.measurement.position import side
from nodulescope.operators.measurement.volume import volume_mm3

__all__ = ["Axes", "FineOutline", "NothingToMeasure", "axial_axes", "measure", "paint_labels", "refine", "side", "volume_mm3"]

"""From candidates, outlines and grades to the nodules that are reported."""

from nodulescope.operators.nodules.assessment import assess_examination, with_guidelines
from nodulescope.operators.nodules.selection import Thresholds, nodule_probability, select

__all__ = ["Thresholds", "assess_examination", "nodule_probability", "select", "with_guidelines"]

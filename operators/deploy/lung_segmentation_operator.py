"""Operator: label the lungs."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.bundles.predictors import LungPredictor
from nodulescope.operators.deploy.run_record import RunRecord


class LungSegmentationOperator(Operator):
    """Labels both lungs of a CT.

    Inputs:
        ct: :class:`~nodulescope.bundles.contracts.CTVolume`.

    Outputs:
        lungs: :class:`~nodulescope.bundles.contracts.LungMask` on the CT's grid.

    Args:
        fragment: the application.
        predictor: the stage's bundle.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, predictor: LungPredictor, record: RunRecord, **kwargs: Any) -> None:
        self.predictor, self.record = predictor, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("ct")
        spec.output("lungs")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Label and emit."""
        with self.record.step("lung_segmentation"):
            op_output.emit(self.predictor(op_input.receive("ct")), "lungs")

"""Operator: grade candidates."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.bundles.predictors import GradingPredictor
from nodulescope.operators.deploy.run_record import RunRecord


class NoduleGradingOperator(Operator):
    """Rates each candidate: nodule or not, malignancy, and the other ratings.

    Inputs:
        ct: :class:`~nodulescope.bundles.contracts.CTVolume`.
        candidates: tuple of :class:`~nodulescope.bundles.contracts.Candidate`.

    Outputs:
        grades: tuple of :class:`~nodulescope.bundles.contracts.Grade`, in the candidates' order.

    Args:
        fragment: the application.
        predictor: the stage's bundle.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, predictor: GradingPredictor, record: RunRecord, **kwargs: Any) -> None:
        self.predictor, self.record = predictor, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("ct")
        spec.input("candidates")
        spec.output("grades")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Grade and emit."""
        with self.record.step("nodule_grading"):
            centers = [c.center_lps_mm for c in op_input.receive("candidates")]
            op_output.emit(self.predictor(op_input.receive("ct"), centers), "grades")

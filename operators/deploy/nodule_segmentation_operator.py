"""Operator: outline candidates."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.bundles.predictors import OutlinePredictor
from nodulescope.operators.deploy.run_record import RunRecord


class NoduleSegmentationOperator(Operator):
    """Outlines each candidate.

    Inputs:
        ct: :class:`~nodulescope.bundles.contracts.CTVolume`.
        candidates: tuple of :class:`~nodulescope.bundles.contracts.Candidate`.

    Outputs:
        outlines: tuple of :class:`~nodulescope.bundles.contracts.Outline`, in the candidates' order.

    Args:
        fragment: the application.
        predictor: the stage's bundle.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, predictor: OutlinePredictor, record: RunRecord, **kwargs: Any) -> None:
        self.predictor, self.record = predictor, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("ct")
        spec.input("candidates")
        spec.output("outlines")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Outline and emit."""
        with self.record.step("nodule_segmentation"):
            op_output.emit(self.predictor(op_input.receive("ct"), op_input.receive("candidates")), "outlines")

"""Operator: find candidates."""

from __future__ import annotations

from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.bundles.predictors import DetectionPredictor
from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.nodules import Thresholds, select


class NoduleDetectionOperator(Operator):
    """Finds the places worth a closer look.

    Inputs:
        ct: :class:`~nodulescope.bundles.contracts.CTVolume`.
        lungs: :class:`~nodulescope.bundles.contracts.LungMask`.

    Outputs:
        candidates: tuple of :class:`~nodulescope.bundles.contracts.Candidate`, best first.

    Args:
        fragment: the application.
        predictor: the stage's bundle.
        thresholds: the operating point.
        record: times and failures of the run.
    """

    def __init__(
        self, fragment: Fragment, *args: Any, predictor: DetectionPredictor, thresholds: Thresholds, record: RunRecord, **kwargs: Any
    ) -> None:
        self.predictor, self.thresholds, self.record = predictor, thresholds, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("ct")
        spec.input("lungs")
        spec.output("candidates")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Search and emit."""
        with self.record.step("nodule_detection"):
            found = self.predictor(op_input.receive("ct"), op_input.receive("lungs"))
            op_output.emit(select(found, self.thresholds), "candidates")

"""Operator: measure, select, order and class the findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.examination import ModelProvenance
from nodulescope.operators.guidelines.dicom_history import known_history
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.nodules import Thresholds, assess_examination


class AssessmentOperator(Operator):
    """Puts the examination together.

    Inputs:
        ct, lungs, candidates, outlines, grades: as the other operators emit them.

    Outputs:
        examination: :class:`~nodulescope.operators.examination.Examination`.

    Args:
        fragment: the application.
        provenance: the bundles that run.
        thresholds: the operating point.
        history: what is known of the patient besides the headers of the CT.
        record: times and failures of the run.
    """

    PORTS = ("ct", "lungs", "candidates", "outlines", "grades")

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        provenance: Sequence[ModelProvenance],
        thresholds: Thresholds,
        history: PatientHistory,
        record: RunRecord,
        **kwargs: Any,
    ) -> None:
        self.provenance, self.thresholds, self.history, self.record = provenance, thresholds, history, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        for port in self.PORTS:
            spec.input(port)
        spec.output("examination")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Assess and emit."""
        with self.record.step("measurement"):
            ct, lungs, candidates, outlines, grades = (op_input.receive(port) for port in self.PORTS)
            findings = list(zip(candidates, outlines, grades, strict=True))
            history = known_history(self.history, ct.source)
            op_output.emit(assess_examination(ct, lungs, findings, self.provenance, self.thresholds, {}, history), "examination")

"""Operator: compare with a prior examination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.guidelines.dicom_history import known_history
from nodulescope.operators.guidelines.history import PatientHistory
from nodulescope.operators.models import Models
from nodulescope.operators.nodules import Thresholds
from nodulescope.operators.priors.following import follow_up, wanted_prior


class PriorOperator(Operator):
    """Analyses the prior, where there is one, and says what became of every nodule since.

    Inputs:
        examination: :class:`~nodulescope.operators.examination.Examination`.
        older: older studies in the input, as the reading operator emits them.

    Outputs:
        examination: the same, compared.

    Args:
        fragment: the application.
        source: the input.
        named: the prior that a person named, or None.
        compare_older: take the newest older study in the input where nobody named a prior.
        models: the bundles of all stages.
        thresholds: the operating point.
        history: what is known of the patient besides the headers of the CT.
        record: times and failures of the run.
    """

    def __init__(
        self,
        fragment: Fragment,
        *args: Any,
        source: Path,
        named: Path | None,
        compare_older: bool,
        models: Models,
        thresholds: Thresholds,
        history: PatientHistory,
        record: RunRecord,
        **kwargs: Any,
    ) -> None:
        self.source, self.named, self.compare_older = source, named, compare_older
        self.models, self.thresholds, self.history, self.record = models, thresholds, history, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("examination")
        spec.input("older")
        spec.output("examination")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Compare and pass on."""
        exam, older = op_input.receive("examination"), op_input.receive("older")
        prior = wanted_prior(self.named, self.source, older, self.compare_older)
        if prior is not None:
            with self.record.step("prior"):
                exam = follow_up(exam, prior, self.models, self.thresholds, known_history(self.history, exam.ct.source))
        op_output.emit(exam, "examination")

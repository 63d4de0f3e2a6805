"""Operator: write what people and programs read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.results import write_readable_results


class ReportOperator(Operator):
    """Writes ``findings.json``, ``report.html``, ``report.pdf`` and ``report.dcm``; the last step of the graph.

    Inputs:
        examination: :class:`~nodulescope.operators.examination.Examination`.

    Args:
        fragment: the application.
        folder: where to write.
        language: of the reports.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, language: str, record: RunRecord, **kwargs: Any) -> None:
        self.folder, self.language, self.record = folder, language, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("examination")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Write, and note that the graph came to its end."""
        exam = op_input.receive("examination")
        with self.record.step("report"):
            write_readable_results(replace(exam, timings_s=self.record.watch.seconds), self.folder, self.language)
        self.record.finished = True

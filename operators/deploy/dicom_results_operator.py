"""Operator: write DICOM SEG, SR and key images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.results import write_dicom_results


class DicomResultsOperator(Operator):
    """Writes ``segmentation.dcm``, ``measurements.dcm`` and the key images, and passes the examination on.

    Inputs:
        examination: :class:`~nodulescope.operators.examination.Examination`.

    Outputs:
        examination: the same.

    Args:
        fragment: the application.
        folder: where to write.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, folder: Path, record: RunRecord, **kwargs: Any) -> None:
        self.folder, self.record = folder, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.input("examination")
        spec.output("examination")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Write and pass on."""
        exam = op_input.receive("examination")
        with self.record.step("dicom_results"):
            write_dicom_results(exam, self.folder)
        op_output.emit(exam, "examination")

"""Operator: read a chest CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monai.deploy.core import Fragment, Operator, OperatorSpec

from nodulescope.operators.deploy.run_record import RunRecord
from nodulescope.operators.reading import read_study


class ReadCTOperator(Operator):
    """Emits the CT of the input folder or file, and which older studies of the patient lie beside it.

    Outputs:
        ct: :class:`~nodulescope.bundles.contracts.CTVolume`.
        older: tuple of :class:`~nodulescope.operators.dicom.studies.OlderStudy`, the newest first.

    Args:
        fragment: the application.
        source: what to read; see :func:`~nodulescope.operators.reading.read_study`.
        series_uid: the DICOM series to take; None lets the ranking choose.
        record: times and failures of the run.
    """

    def __init__(self, fragment: Fragment, *args: Any, source: Path, series_uid: str | None, record: RunRecord, **kwargs: Any) -> None:
        self.source, self.series_uid, self.record = source, series_uid, record
        super().__init__(fragment, *args, **kwargs)

    def setup(self, spec: OperatorSpec) -> None:
        """Declare the ports."""
        spec.output("ct")
        spec.output("older")

    def compute(self, op_input: Any, op_output: Any, context: Any) -> None:
        """Read and emit."""
        with self.record.step("reading"):
            study = read_study(self.source, series_uid=self.series_uid)
            op_output.emit(study.ct, "ct")
            op_output.emit(study.priors, "older")

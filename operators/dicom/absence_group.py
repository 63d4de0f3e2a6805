"""The statement that no nodule was found, as a group of the measurement report (PS3.16 TID 1501)."""

from __future__ import annotations

from highdicom.sr import FindingSite, MeasurementsAndQualitativeEvaluations, QualitativeEvaluation, TrackingIdentifier
from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.result_equipment import pipeline_algorithm
from nodulescope.operators.dicom.uids import derive_uid
from nodulescope.operators.examination.examination import Examination

NO_NODULE = "No lung nodule was found."


def absence_group(exam: Examination, report_uid: str) -> MeasurementsAndQualitativeEvaluations:
    """State in code that nodules were looked for in the lungs, by which models, and are absent.

    Args:
        exam: what was found.
        report_uid: SOP Instance UID of the report, from which the group's tracking UID is made: it tracks no finding.
    """
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=derive_uid("absence", report_uid), identifier=NO_NODULE),
        finding_type=codes.SCT.Nodule,
        finding_sites=[FindingSite(codes.SCT.Lung)],
        algorithm_id=pipeline_algorithm(exam),
        qualitative_evaluations=[QualitativeEvaluation(codes.DCM.PresenceOfProperty, codes.SCT.Absent)],
    )

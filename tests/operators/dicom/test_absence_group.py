from __future__ import annotations

from pydicom.sr.codedict import codes

from nodulescope.operators.dicom.absence_group import NO_NODULE, absence_group


def test_the_absence_of_nodules_in_the_lungs_is_coded(dicom_examination):
    group = absence_group(dicom_examination, "1.2.3")
    assert group.finding_type == codes.SCT.Nodule
    assert [site.value for site in group.finding_sites] == [codes.SCT.Lung]
    presence = group.get_qualitative_evaluations(name=codes.DCM.PresenceOfProperty)
    assert [item.value for item in presence] == [codes.SCT.Absent]
    assert group.tracking_identifier == NO_NODULE


def test_it_belongs_to_its_report_and_names_the_models(dicom_examination):
    group = absence_group(dicom_examination, "1.2.3")
    assert group.tracking_uid == absence_group(dicom_examination, "1.2.3").tracking_uid
    assert group.tracking_uid != absence_group(dicom_examination, "1.2.4").tracking_uid
    texts = [item.TextValue for item in group[0].ContentSequence if item.ValueType == "TEXT"]
    assert sum("sha256:" in text for text in texts) == len(dicom_examination.models)

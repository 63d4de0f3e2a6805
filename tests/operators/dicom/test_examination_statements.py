from __future__ import annotations

import dataclasses

from nodulescope.operators.dicom.absence_group import NO_NODULE
from nodulescope.operators.dicom.examination_statements import examination_statements
from nodulescope.operators.examination import Assessment
from nodulescope.operators.examination.findings_json import examination_to_findings


def _items(exam):
    container = examination_statements(examination_to_findings(exam))
    assert container.ConceptNameCodeSequence[0].CodeValue == "C0034375"
    return [
        (
            item.ConceptNameCodeSequence[0].CodeMeaning,
            item.ConceptCodeSequence[0].CodeMeaning if item.ValueType == "CODE" else item.TextValue,
        )
        for item in container.ContentSequence
    ]


def test_category_recommendations_notes_and_gaps_are_stated_in_this_order(rich_examination):
    items = _items(rich_examination)
    recommendations = [one["text"] for one in examination_to_findings(rich_examination)["assessment"]["recommendations"]]
    assert len(recommendations) == 3
    assert items[0] == ("Lung-RADS category", "Lung-RADS 4B")
    assert items[1:4] == [("Recommendation", text) for text in recommendations]
    assert [text for name, text in items[4:9] if name == "Comment"] == [
        "Prior: compared with the examination of 1999-06-30, 185 days earlier (lungs registered, affine and deformable).",
        "Prior: its nodule 5 was not found again (solid, left lung, mean diameter 6.2 mm, 127 mm3).",
        "Prior: The prior does not cover the whole lungs.",
        "Images: The slices are 2.5 mm apart.",
        "Not assessed: airway_nodules. Whether a nodule lies in an airway was not assessed.",
    ]
    assert all(name == "Comment" and text.startswith("Not assessed: ") for name, text in items[9:])


def test_a_prior_that_did_not_fit_is_told(rich_examination):
    declined = dataclasses.replace(
        rich_examination.comparison, method=None, declined="The lungs do not fit.", resolved=(), interval_days=None, warnings=()
    )
    texts = [text for _, text in _items(dataclasses.replace(rich_examination, comparison=declined))]
    assert "Prior: the examination of 1999-06-30 could not be compared. The lungs do not fit." in texts


def test_no_nodule_is_said_in_words_too(dicom_examination):
    findings = examination_to_findings(dicom_examination) | {"nodules": []}
    texts = [item.TextValue for item in examination_statements(findings).ContentSequence if item.ValueType == "TEXT"]
    assert texts[0] == NO_NODULE


def test_nothing_to_state_gives_no_container(dicom_examination):
    findings = examination_to_findings(dataclasses.replace(dicom_examination, assessment=Assessment()))
    findings["assessment"]["not_assessed"] = []
    assert examination_statements(findings) is None

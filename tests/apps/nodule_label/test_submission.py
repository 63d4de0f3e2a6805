from __future__ import annotations

from typing import Any

import pytest

from nodulescope.apps.nodule_label.submission import Submission, read_submission
from nodulescope.bundles.errors import InputError


def test_what_slicer_and_ohif_send_is_understood() -> None:
    told: dict[str, Any] = {"label_info": [{"name": "nodule 1", "idx": 3}, {"name": "nodule 2"}], "client_id": "anna"}
    assert read_submission(told) == Submission("anna", {3: "nodule 1", 2: "nodule 2"})
    assert read_submission({}) == Submission()
    told = {"reader": "ben", "kind": "lungs", "ratings": {"1": {"malignancy": 4, "nonsense": 1}}, "not_nodules": [[1, 2, 3]]}
    assert read_submission(told) == Submission("ben", {}, "lungs", {1: {"malignancy": 4.0}}, ((1.0, 2.0, 3.0),))


@pytest.mark.parametrize(
    "wrong", [{"ratings": {"1": {"beauty": 3}}}, {"ratings": {"x": {}}}, {"not_nodules": [[1, 2]]}, {"label_info": [3]}]
)
def test_malformed_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_submission(wrong)

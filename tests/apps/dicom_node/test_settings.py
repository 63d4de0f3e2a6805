from __future__ import annotations

import pytest

from nodulescope.apps.dicom_node.settings import Destination, parse_ae_title, parse_destination
from nodulescope.bundles.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PACS@10.0.0.5:104", Destination("PACS", "10.0.0.5", 104)),
        ("MY PACS@pacs.hospital.example:11112", Destination("MY PACS", "pacs.hospital.example", 11112)),
        ("P@CS@host:1", Destination("P@CS", "host", 1)),
        ("PACS@[fe80::1]:104", Destination("PACS", "fe80::1", 104)),
    ],
)
def test_destinations_are_read_and_written_alike(text: str, expected: Destination) -> None:
    assert parse_destination(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text", ["PACS", "PACS@host", "host:104", "@host:104", "PACS@:104", "PACS@host:0", "PACS@host:65536", "PACS@host:x"]
)
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"PACS@10\.0\.0\.5:104"):
        parse_destination(text)


@pytest.mark.parametrize("title", ["", "   ", "SEVENTEEN_LETTERS", "A\\B", "A\nB", "RÖNTGEN"])
def test_what_is_no_ae_title_is_refused(title: str) -> None:
    with pytest.raises(UsageError, match="is no AE title"):
        parse_ae_title(title)


def test_an_ae_title_loses_its_padding() -> None:
    assert parse_ae_title(" CT 1 ") == "CT 1"

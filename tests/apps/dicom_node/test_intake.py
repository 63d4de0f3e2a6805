"""Objects that a conforming sender would not send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedSRStorage, ExplicitVRLittleEndian
from pynetdicom import AE

from nodulescope.apps.dicom_node.intake import Intake
from nodulescope.apps.dicom_node.settings import Destination, NodeSettings
from nodulescope.apps.dicom_node.study_queue import StudyQueue
from nodulescope.bundles.errors import UsageError

NAME = "Unmistakable^Aurelia"


@pytest.fixture
def settings(tmp_path: Path) -> NodeSettings:
    return NodeSettings(tmp_path / "queue", Destination("PACS", "127.0.0.1", 1), (), address="127.0.0.1", port=0)


@pytest.fixture
def intake(settings: NodeSettings, queue: StudyQueue, log: Any) -> Iterator[Intake]:
    one = Intake(settings, queue, log)
    one.start()
    yield one
    one.stop(5.0)


def image(**changes: Any) -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.StudyInstanceUID = CTImageStorage, "1.2.3.4", "1.2.3"
    made.PatientName = NAME
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def store(intake: Intake, *objects: Dataset) -> list[int]:
    sender = AE("CT1")
    for kind in {str(made.SOPClassUID) for made in objects}:
        sender.add_requested_context(kind, ExplicitVRLittleEndian)
    association = sender.associate("127.0.0.1", intake.port, ae_title="NODULESCOPE")
    assert association.is_established
    answers = [association.send_c_store(made) for made in objects]
    association.release()
    return [int(answer.Status) for answer in answers]


def test_only_images_are_kept_and_only_good_ones(intake: Intake, queue: StudyQueue, log: Any) -> None:
    report = image(SOPClassUID=EnhancedSRStorage, SOPInstanceUID="1.2.3.5")
    without_study = image(SOPInstanceUID="1.2.3.6")
    del without_study.StudyInstanceUID
    assert store(intake, image(), report, without_study) == [0x0000, 0x0000, 0xA900]
    (study,) = (queue.root / "receiving").iterdir()
    assert len(list((study / "images").iterdir())) == 1
    intake.stop(5.0)
    (released,) = (event for event in log.events() if event["event"] == "association.released")
    assert (released["stored"], released["ignored"], released["refused"]) == (1, 1, 1)
    assert "Unmistakable" not in log.text.getvalue()


def test_success_is_never_answered_for_an_image_that_is_not_on_the_disk(
    intake: Intake, queue: StudyQueue, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", full_disk)
    assert store(intake, image()) == [0xA700]
    assert [file for file in queue.root.rglob("*") if file.is_file() and file.name != "lock"] == []
    (refused,) = (event for event in log.events() if event["event"] == "image.refused")
    assert (refused["status"], refused["error"]) == ("0xA700", "the object cannot be written (No space left on device)")


def test_images_are_refused_while_there_is_still_room_for_results(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodulescope.apps.dicom_node.intake.LEAST_FREE_BYTES", 1 << 62)
    assert store(intake, image()) == [0xA700]


def test_a_port_in_use_is_told(intake: Intake, settings: NodeSettings, queue: StudyQueue, log: Any) -> None:
    from dataclasses import replace

    with pytest.raises(UsageError, match=f"127.0.0.1 port {intake.port}: cannot be listened on"):
        Intake(replace(settings, port=intake.port), queue, log)


def full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")

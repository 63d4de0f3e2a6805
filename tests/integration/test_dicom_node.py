"""The node between real senders (DCMTK) and a real PACS (Orthanc)."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from highdicom.sr import srread
from pydicom import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE

from nodulescope.apps.dicom_node.queued_study import study_key

Make = Callable[..., Any]
RESULTS = 2
"""Objects that the light analysis makes of a study."""


def study_uid(folder: Path) -> str:
    return str(dcmread(next(folder.iterdir()), stop_before_pixels=True).StudyInstanceUID)


@pytest.mark.slow
def test_twenty_studies_at_once_and_three_kills_bring_every_result_once(
    orthanc: Any, light_node: Make, make_study: Make, send_until_taken: Make
) -> None:
    studies = [make_study(number) for number in range(20)]
    node = light_node(orthanc.destination, quiet_period_s=4.0)
    node.start()
    senders = [send_until_taken(node, folder) for folder in studies]
    node.wait_until(lambda: len(node.in_phase("receiving")) >= 5, "studies are being received")
    node.kill()
    assert 0 < sum(1 for _ in (node.queue / "receiving").glob("*/images/*.dcm")) < 20 * 12
    node.start()
    for sender in senders:
        sender.join()
    node.wait_until(lambda: node.in_phase("done") and node.in_phase("working"), "a study is analysed after another was finished")
    node.kill()
    node.start()
    node.wait_until(lambda: len(node.in_phase("done")) >= 8 and node.in_phase("sending"), "results are being sent")
    node.kill()
    node.start()
    node.wait_until_done(20)
    assert node.in_phase("done") == sorted(study_key(study_uid(folder)) for folder in studies)
    stored = orthanc.instances()
    assert len(stored) == len(set(stored)) == 20 * RESULTS
    assert sorted(len(orthanc.ask(f"/studies/{study}/instances")) for study in orthanc.ask("/studies")) == [RESULTS] * 20
    texts = [tags["ContentSequence"][0]["TextValue"] for tags in map(orthanc.tags, stored) if tags["Modality"] == "SR"]
    assert len(texts) == 20
    assert {text.partition(" slices")[0] for text in texts} == {"12"}  # whatever was cut off on its way, all of it was analysed in the end
    # Each kill may fall between the PACS' answer and the note of it; then this one object goes again, as the same object.
    assert sorted(orthanc.arrivals()) == stored
    assert orthanc.arrivals().total() <= 20 * RESULTS + 3
    assert node.terminate() == 0


def test_results_wait_for_a_pacs_that_is_away(orthanc_with: Make, light_node: Make, make_study: Make, send: Make) -> None:
    orthanc = orthanc_with()
    node = light_node(orthanc.destination)
    node.start()
    assert send(node, make_study(1)) == 0
    node.wait_until(lambda: node.events("result.not_sent"), "sending has failed")
    status, told = node.health()
    assert (status, told["status"], told["queue"]["sending"]) == (503, "problem", 1)
    assert told["problems"] == ["the results of 1 study/studies cannot be sent"]
    orthanc.start()
    node.wait_until_done()
    assert len(orthanc.instances()) == orthanc.arrivals().total() == RESULTS
    status, told = node.health()
    assert (status, told["status"], told["problems"], told["queue"]["done"]) == (200, "ok", [], 1)
    assert all(told[moment] for moment in ("last_received", "last_analysed", "last_sent", "started"))
    assert send(node, make_study(1)) == 0  # the same study again: analysed, and nothing new in it to send
    node.wait_until(lambda: len(node.events("study.finished")) == 2, "the study has been analysed again")
    assert orthanc.arrivals().total() == RESULTS


def test_the_next_study_of_a_patient_is_compared_with_the_earlier_one_after_a_kill_too(
    orthanc: Any, light_node: Make, make_study: Make, send: Make
) -> None:
    node = light_node(orthanc.destination, quiet_period_s=2.0)
    node.start()
    before, now, stranger = make_study(1, study_date="20250301"), make_study(1, study_date="20260301"), make_study(2, study_date="20260301")
    assert send(node, now) == 0  # the later one first: it waits for the earlier one
    assert send(node, before) == 0
    node.wait_until_done(2)
    node.kill()
    node.start()
    latest = make_study(1, study_date="20270301")
    assert send(node, latest) == 0
    assert send(node, stranger) == 0
    node.wait_until_done(4)
    texts = {
        tags["StudyInstanceUID"]: tags["ContentSequence"][0]["TextValue"].partition(", prior of ")[2]
        for tags in map(orthanc.tags, orthanc.instances())
        if tags["Modality"] == "SR"
    }
    assert texts == {study_uid(before): "", study_uid(now): "2025-03-01", study_uid(latest): "2026-03-01", study_uid(stranger): ""}
    assert set(orthanc.arrivals().values()) == {1}
    begun = {line["study"]: line.get("prior") for line in node.events("analysis.begun")}
    assert begun[study_key(study_uid(now))] == study_key(study_uid(before))
    assert not [name for name in map(str, (node.queue / "priors").rglob("*")) if "471147114711" in name]


def test_sigterm_lets_the_sender_finish_and_the_next_start_goes_on(orthanc: Any, light_node: Make, make_study: Make, send: Make) -> None:
    node = light_node(orthanc.destination)
    node.start()
    images = sorted(make_study(1).iterdir())
    sender = AE("CT1")
    sender.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    association = sender.associate("127.0.0.1", node.port, ae_title=node.ae_title)
    assert association.send_c_store(images[0]).Status == 0
    status: list[int] = []
    ending = threading.Thread(target=lambda: status.append(node.terminate()))
    ending.start()
    node.wait_until(lambda: node.events("node.stopping"), "the node has begun to stop")
    node.wait_until(lambda: send(node, images[0]) != 0, "nobody else is let in")
    assert [association.send_c_store(image).Status for image in images[1:]] == [0] * 11
    association.release()
    ending.join()
    assert status == [0]
    assert node.events("association.released")[-1]["stored"] == 12
    assert sum(1 for _ in node.queue.glob("*/*/images/*.dcm")) == 12
    node.start()
    node.wait_until_done()
    assert len(orthanc.instances()) == RESULTS


def test_only_known_senders_are_let_in_and_nothing_but_images_is_kept(
    orthanc: Any, light_node: Make, make_study: Make, send: Make, programs: Callable[[str], str], tmp_path: Path
) -> None:
    node = light_node(orthanc.destination, callers=["CT1", "PACS"])
    node.start()

    def echo(caller: str, called: str) -> int:
        command = [programs("echoscu"), "-aet", caller, "-aec", called, "127.0.0.1", str(node.port)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert echo("CT1", node.ae_title) == echo("PACS", node.ae_title) == 0
    assert echo("STRANGER", node.ae_title) != 0
    assert echo("CT1", "ANOTHER") != 0
    assert [line["caller"] for line in node.events("association.rejected")] == ["STRANGER", "CT1"]
    study = make_study(1)
    assert send(node, study, caller="STRANGER") != 0
    assert node.in_phase("receiving") == []
    assert send(node, study) == 0
    node.wait_until_done()
    # The PACS routes the new objects of the study, which are the node's own results, back to the node.
    report, picture = tmp_path / "report.dcm", tmp_path / "picture.dcm"
    for instance, kind in ((i, orthanc.tags(i)["Modality"]) for i in orthanc.instances()):
        (report if kind == "SR" else picture).write_bytes(orthanc.file(instance))
    assert send(node, report, picture, caller="PACS") == 0
    assert node.events("association.released")[-1]["ignored"] == 2
    assert node.in_phase("receiving") == []


COMPRESSED = {
    "JPEG-LS Lossless": ("dcmcjpls", (), "-xt"),
    "JPEG Lossless": ("dcmcjpeg", (), "-xs"),
    "RLE Lossless": ("dcmcrle", (), "-xr"),
    "Deflated": ("dcmconv", ("+td",), "-xd"),
    "Big Endian": ("dcmconv", ("+tb",), "-xb"),
    "Implicit VR": ("dcmconv", ("+ti",), "-xi"),
}


def test_images_come_in_any_encoding_and_are_kept_as_they_come(
    orthanc: Any, light_node: Make, make_study: Make, send: Make, programs: Callable[[str], str], tmp_path: Path
) -> None:
    node = light_node(orthanc.destination, keep_h=1.0, quiet_period_s=8.0)
    node.start()
    images = sorted(make_study(1).iterdir())
    for number, (program, options, proposed) in enumerate(COMPRESSED.values()):
        for image in images[2 * number : 2 * number + 2]:
            file = tmp_path / image.name
            subprocess.run([programs(program), *options, image, file], check=True, capture_output=True)
            assert send(node, file, options=("-R", proposed)) == 0
    node.wait_until_done()
    kept = list((node.queue / "done").glob("*/images/*.dcm"))
    encodings = [dcmread(file, stop_before_pixels=True).file_meta.TransferSyntaxUID.name for file in kept]
    assert len(encodings) == 12
    for name in COMPRESSED:
        assert sum(encoding.startswith(name) or name in encoding for encoding in encodings) == 2, (name, encodings)
    assert len(orthanc.instances()) == RESULTS  # so all of them could be decoded


def test_with_tls_strangers_stay_outside_and_the_results_are_sent_secured(
    orthanc_with: Make, light_node: Make, make_study: Make, send: Make, certificates: Any
) -> None:
    orthanc = orthanc_with(
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(certificates.certificate),
        DicomTlsPrivateKey=str(certificates.key),
        DicomTlsTrustedCertificates=str(certificates.authority),
    )
    orthanc.start()
    node = light_node(orthanc.destination, tls=certificates.of_node)
    node.start()
    study = make_study(1)
    trusted = ("+cf", str(certificates.authority))
    assert send(node, study) != 0
    assert send(node, study, options=("+tls", str(certificates.strangers_key), str(certificates.stranger), *trusted)) != 0
    assert send(node, study, options=("+tla", *trusted)) != 0
    assert node.in_phase("receiving") == []
    assert len(node.events("tls.refused")) >= 3
    assert send(node, study, options=("+tls", str(certificates.key), str(certificates.certificate), *trusted)) == 0
    node.wait_until_done()
    assert len(orthanc.instances()) == RESULTS


@pytest.mark.slow
def test_the_command_brings_every_result_of_a_chest_ct_to_the_pacs(
    orthanc: Any, node_of: Make, send: Make, dciodvfy: Make, sr_validator: Make, analysis_patience_s: float, tmp_path: Path
) -> None:
    from nodulescope.apps.cli.phantom_study import write_phantom_study
    from nodulescope.bundles.data.phantoms import NoduleSpec, Scanner, make_phantom
    from nodulescope.bundles.predictors import STAGES, find_bundle

    missing = [stage for stage in STAGES if not (find_bundle(stage) / "models" / "model.pt").is_file()]
    if missing:
        pytest.skip(f"no weights yet: {', '.join(missing)}")
    phantom = make_phantom(5, scanner=Scanner((2.0, 2.0, 5.0), field_of_view_mm=360.0), nodules=(NoduleSpec("solid", 14.0),))
    series = write_phantom_study(phantom, tmp_path / "phantom")
    listening = ["--address", "127.0.0.1", "--port", "0", "--health-port", "0", "--quiet-period", "2"]
    program = str(Path(sys.executable).with_name("nodulescope"))
    command = [program, "serve", "--queue", str(tmp_path / "queue"), "--send-to", orthanc.destination, "--device", "cpu", *listening]
    node = node_of(command, tmp_path / "queue")
    node.start()
    assert (tmp_path / "queue").stat().st_mode & 0o077 == 0
    assert send(node, series) == 0
    node.wait_until_done(patience_s=analysis_patience_s)
    kinds = Counter(orthanc.tags(instance)["Modality"] for instance in orthanc.instances())
    key_images = kinds.pop("OT", 0)
    assert kinds == {"SEG": 1, "SR": 1, "DOC": 1}
    for number, instance in enumerate(orthanc.instances()):
        (tmp_path / f"{number}.dcm").write_bytes(orthanc.file(instance))
        assert dciodvfy(tmp_path / f"{number}.dcm") == []
    report = next(file for file in tmp_path.glob("*.dcm") if dcmread(file, stop_before_pixels=True).Modality == "SR")
    assert len(srread(report).content.get_volumetric_roi_measurement_groups()) == key_images
    assert sr_validator(report) == []
    assert set(orthanc.arrivals().values()) == {1}
    assert len(orthanc.ask("/studies")) == 1
    (study,) = orthanc.ask("/studies?expand")
    assert study["MainDicomTags"]["StudyInstanceUID"] == study_uid(series)
    assert node.terminate() == 0

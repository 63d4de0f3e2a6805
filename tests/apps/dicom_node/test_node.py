"""What becomes of a study whose analysis ends in this way or that; the analysis is a shell script."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ct_image import ct_image

from nodulescope.apps.dicom_node.node import Node
from nodulescope.apps.dicom_node.queued_study import study_key
from nodulescope.apps.dicom_node.settings import Destination, NodeSettings

KEY = study_key("1.2.3")


@pytest.fixture
def node_with(tmp_path: Path, log: Any) -> Iterator[Callable[..., Node]]:
    """``node_with(script)``: a node with one study, whose analysis runs this script with the results' folder as $3."""
    made: list[Node] = []

    def make(script: str, **settings: Any) -> Node:
        program = ("/bin/sh", "-c", script, "analysis")
        usual = {"address": "127.0.0.1", "port": 0, "health_port": None, "quiet_period_s": 0.0}
        made.append(Node(NodeSettings(tmp_path / "queue", Destination("PACS", "127.0.0.1", 1), program, **{**usual, **settings}), log))
        made[-1]._queue.store("1.2.3", "a", b"image")
        return made[-1]

    yield make
    for node in made:
        if node._running:
            node._running[1].end()
        node._queue.close()
        node._intake._server.server_close()


def look_until(node: Node, phase: str) -> None:
    deadline = time.monotonic() + 60
    while not node._queue.counts()[phase]:
        assert time.monotonic() < deadline, node._queue.counts()
        node._look()
        time.sleep(0.01)


def error_of(node: Node) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((node._queue.root / "failed" / KEY / "error.json").read_text())
    return told


def test_results_of_any_name_go_on_to_be_sent(node_with: Callable[..., Node]) -> None:
    node = node_with('mkdir "$3"; echo > "$3/new-kind.dcm"; echo > "$3/page.html"')
    look_until(node, "sending")
    (study,) = node._queue.to_send()
    assert [path.name for path in study.result_objects] == ["new-kind.dcm"]
    assert node.state()["last_analysed"] is not None


def test_an_input_that_is_refused_fails_at_once_with_the_reason(node_with: Callable[..., Node], log: Any) -> None:
    node = node_with("echo 'nodulescope: images: holds no CT image' >&2; exit 3")
    look_until(node, "failed")
    assert {k: error_of(node)[k] for k in ("error", "exit_status", "attempts")} == {
        "error": "images: holds no CT image",
        "exit_status": 3,
        "attempts": 1,
    }
    assert log.names().count("analysis.begun") == 1


@pytest.mark.parametrize(
    ("script", "settings", "error"),
    [
        ("kill -9 $$", {}, "it was ended by signal SIGKILL: is there enough memory?"),
        ("exit 1", {}, "it ended with exit status 1 and gave no reason"),
        ("echo 'nodulescope: weights: cannot be trusted' >&2; exit 4", {}, "weights: cannot be trusted"),
        ("sleep 600", {"time_limit_s": 0.05}, "it took longer than 0.000833333 minutes and was stopped"),
    ],
)
def test_an_analysis_that_breaks_down_is_begun_three_times(
    script: str, settings: dict[str, float], error: str, node_with: Callable[..., Node], log: Any
) -> None:
    node = node_with(script, **settings)
    look_until(node, "failed")
    assert (error_of(node)["error"], error_of(node)["attempts"]) == (error, 3)
    assert log.names().count("analysis.begun") == 3


def test_an_analysis_without_results_is_a_failure(node_with: Callable[..., Node]) -> None:
    node = node_with('mkdir "$3"; echo > "$3/findings.json"')
    look_until(node, "failed")
    assert error_of(node)["error"] == "it wrote no DICOM object"


def test_results_of_an_attempt_that_broke_down_are_never_sent(node_with: Callable[..., Node], tmp_path: Path) -> None:
    node = node_with(f'mkdir "$3"; echo "$3" > "$3/x.dcm"; test -e {tmp_path}/again || {{ touch {tmp_path}/again; kill -9 $$; }}')
    look_until(node, "sending")
    (study,) = node._queue.to_send()
    assert [Path(path.read_text().strip()).name for path in study.result_objects] == ["attempt-2"]


def test_a_disk_that_refuses_is_told_and_asked_again(node_with: Callable[..., Node], log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    node = node_with('mkdir "$3"; echo > "$3/x.dcm"')
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_disk)
        for _ in range(3):
            node._look()
            assert node.state()["problems"] == [
                "the node is stopping",  # its threads have not been started in this test
                "the queue cannot be changed (No space left on device)",
            ]
    look_until(node, "sending")
    assert log.names().count("queue.trouble") == 3


def full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


FOLLOWED = """
mkdir "$3"; echo > "$3/x.dcm"; test -z "$5" || cp "$5" "$3/prior.json"; cp {findings} "$3/findings.json"
"""


@pytest.mark.parametrize("priors", [True, False])
def test_the_findings_of_the_earlier_study_are_given_to_the_analysis_of_the_next(
    priors: bool, node_with: Callable[..., Node], findings_of_day: Callable[[str | None], str], tmp_path: Path, log: Any
) -> None:
    (tmp_path / "findings.json").write_text(findings_of_day("2025-03-01"))
    node = node_with(FOLLOWED.format(findings=tmp_path / "findings.json"), priors=priors)
    for study, day in (("1.2.3", "20250301"), ("1.2.4", "20260301")):
        node._queue.store(study, "a", ct_image(PatientID="P1", StudyDate=day))
    while len(node._queue.to_send()) < 2:
        node._look()
        time.sleep(0.01)
    given = {study.key: (study.results / "prior.json").is_file() for study in node._queue.to_send()}
    assert given == {KEY: False, study_key("1.2.4"): priors}
    begun = {event["study"]: event.get("prior") for event in log.events() if event["event"] == "analysis.begun"}
    assert begun == {KEY: None, study_key("1.2.4"): KEY if priors else None}
    assert (tmp_path / "queue" / "priors").exists() is priors

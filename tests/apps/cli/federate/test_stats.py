import json
from pathlib import Path

import pytest

from nodulescope.apps.cli.federate import stats as command
from nodulescope.apps.cli.main import run
from nodulescope.federated.statistics.features import FEATURES, LEAST_PATIENTS


def test_the_least_number_is_that_of_the_sites():
    assert command.LEAST == LEAST_PATIENTS


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "name the sites with --sites FILE"),
        (["--sites", "none.yaml"], 3, "none.yaml"),
        (["--sites", "none.yaml", "--least-patients", "3"], 2, "--least-patients"),
    ],
)
def test_what_cannot_be_counted(tmp_path, monkeypatch, capsys, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    assert run(["federate", "stats", *arguments]) == status
    assert words in capsys.readouterr().err


def test_a_site_that_is_missing_is_told_by_the_exit_status(tmp_path, monkeypatch, capsys):
    silent = {feature.name: {"patients": 0} for feature in FEATURES}
    told = {"run": "statistics", "sites": {"north": silent}, "absent": {"south": "it gave no answer in time"}}

    def count(sites, kit, names, work: Path, least_patients, timeout):
        work.mkdir(parents=True)
        (work / "statistics.json").write_text(json.dumps(told))
        return work / "statistics.json"

    monkeypatch.setattr(command, "_count", count)
    assert run(["federate", "stats", "-o", str(tmp_path / "out"), "-q"]) == 3
    assert "statistics are incomplete (south: it gave no answer in time)" in capsys.readouterr().err
    assert "<b>south</b> is missing" in (tmp_path / "out" / "statistics.html").read_text()

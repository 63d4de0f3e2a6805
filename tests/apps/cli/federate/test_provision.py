import json

import pytest

from nodulescope.apps.cli.main import run


def test_an_example_to_change_and_kits_of_it(tmp_path, capsys):
    project = tmp_path / "project.yml"
    assert run(["federate", "provision", "--example", str(project)]) == 0
    assert "hospital-north" in project.read_text()
    capsys.readouterr()
    assert run(["federate", "provision", str(project), "-o", str(tmp_path / "kits"), "--json"]) == 0
    kits = json.loads(capsys.readouterr().out)
    assert list(kits["sites"]) == ["hospital-north", "hospital-south", "hospital-west"]
    assert (tmp_path / "kits" / "lead@example.org" / "startup" / "fed_admin.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 2, "name a project file"),
        (["none.yml"], 3, "there is no such project file"),
        (["a.yml", "--example", "b.yml"], 2, "name a project file"),
    ],
)
def test_what_cannot_be_provisioned(tmp_path, monkeypatch, capsys, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    assert run(["federate", "provision", *arguments]) == status
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_example_replaces_no_file(tmp_path, capsys):
    (tmp_path / "project.yml").write_text("mine")
    assert run(["federate", "provision", "--example", str(tmp_path / "project.yml")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "project.yml").read_text() == "mine"

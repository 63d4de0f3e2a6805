import json

import pytest

from nodulescope.apps.cli.main import run
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.provisioning import AllowList, read_allow_list


@pytest.fixture
def kit(tmp_path):
    (tmp_path / "kit" / "local").mkdir(parents=True)
    (tmp_path / "kit" / "startup").mkdir()
    (tmp_path / "kit" / "startup" / "fed_client.json").touch()
    AllowList({"nodule_grading": ("a" * 64,)}, statistics=True).write(tmp_path / "kit" / "local" / "nodulescope-allowed.json")
    return tmp_path / "kit"


def _listed(kit):
    return dict(read_allow_list(kit / "local" / "nodulescope-allowed.json").bundles)


def test_the_list_is_shown(kit, capsys):
    assert run(["federate", "allow", "--kit", str(kit), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"bundles": {"nodule_grading": ["a" * 64]}, "statistics": True}


def test_an_installed_bundle_is_added_by_its_hash(kit):
    now = bundle_sha256(find_bundle("nodule_grading", None))
    assert run(["federate", "allow", "nodule_grading", "--kit", str(kit), "-q"]) == 0
    assert _listed(kit) == {"nodule_grading": ("a" * 64, now)}
    assert run(["federate", "allow", "nodule_grading", "--kit", str(kit), "-q"]) == 0
    assert _listed(kit) == {"nodule_grading": ("a" * 64, now)}


def test_a_bundle_is_withdrawn_whatever_its_hash(kit):
    assert run(["federate", "allow", "nodule_grading", "--kit", str(kit), "--withdraw", "-q"]) == 0
    assert _listed(kit) == {}
    assert read_allow_list(kit / "local" / "nodulescope-allowed.json").statistics


def test_other_folders_are_no_kits(tmp_path, capsys):
    (tmp_path / "local").mkdir()  # a person's kit has one too
    assert run(["federate", "allow", "--kit", str(tmp_path)]) == 2
    assert "not the startup kit of a hospital" in capsys.readouterr().err

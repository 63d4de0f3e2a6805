import json
import re
import ssl
import stat
import subprocess

import pytest
import yaml

from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.bundles.predictors.stages import find_bundle
from nodulescope.federated.bundle_identity import bundle_sha256
from nodulescope.federated.provisioning import AllowList, example_project, provision, read_allow_list
from nodulescope.federated.provisioning.kits import read_project

SITES = ["hospital-north", "hospital-south", "hospital-west"]


@pytest.fixture(scope="module")
def kits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("federation")
    (folder / "project.yml").write_text(example_project())
    return provision(folder / "project.yml", folder / "kits")


def test_everyone_gets_a_kit(kits):
    assert list(kits.sites) == SITES
    assert kits.server.name == "federation.example.org"
    assert len(kits.people) == 5
    for folder in (kits.server, *kits.sites.values(), *kits.people.values()):
        assert (folder / "startup" / "rootCA.pem").is_file()
    left = {path.name for path in kits.server.parent.iterdir()}
    assert left == {kits.server.name, *SITES, *kits.people, "root-authority"}


def test_certificates_name_their_owners_and_come_from_one_authority(kits):
    root = kits.server / "startup" / "rootCA.pem"
    for name, folder in kits.sites.items():
        certificate = folder / "startup" / "client.crt"
        checked = subprocess.run(["openssl", "verify", "-CAfile", root, certificate], capture_output=True, check=True)
        assert b": OK" in checked.stdout
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(certificate, folder / "startup" / "client.key")  # the key belongs to the certificate
        subject = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-subject"], capture_output=True, check=True).stdout
        assert f"CN = {name}".encode() in subject


def test_connections_are_authenticated_on_both_sides(kits):
    for folder, file in ((kits.server, "fed_server.json"), (kits.sites["hospital-west"], "fed_client.json")):
        config = json.loads((folder / "startup" / file).read_text())
        part = config["servers"][0] if file == "fed_server.json" else config["client"]
        assert part["connection_security"] == "mtls"


def test_nobody_may_bring_code(kits):
    for folder in (kits.server, *kits.sites.values()):
        policy = json.loads((folder / "local" / "authorization.json").read_text())["permissions"]
        assert {role: rights["byoc"] for role, rights in policy.items()} == dict.fromkeys(policy, "none")
        assert [role for role, rights in policy.items() if rights.get("submit_job", "none") != "none"] == ["lead"]


def test_sites_run_only_known_components_and_send_no_logs(kits):
    for folder in (kits.server, *kits.sites.values()):
        resources = json.loads((folder / "local" / "resources.json").read_text())
        assert resources["class_list_enforcement_mode"] == "enforce"
        assert not any("launchers" in name or "script" in name for name in resources["class_allow_list"])
        assert not any("logging" in component["path"] for component in resources["components"])
        assert "/tmp" not in json.dumps(resources)
    assert "/var/lib/nodulescope/jobs-storage" in (kits.server / "local" / "resources.json").read_text()


def test_allow_lists_begin_with_the_bundles_of_the_project(kits):
    allowed = read_allow_list(kits.sites["hospital-north"] / "local" / "nodulescope-allowed.json")
    assert allowed.statistics
    assert sorted(allowed.bundles) == ["lung_segmentation", "nodule_detection", "nodule_grading", "nodule_segmentation"]
    assert allowed.bundles["nodule_grading"] == (bundle_sha256(find_bundle("nodule_grading", None)),)


def test_a_site_finds_its_files_to_fill_in(kits):
    folder = kits.sites["hospital-south"]
    assert list(yaml.safe_load((folder / "local" / "nodulescope.yaml").read_text())["sites"]) == ["hospital-south"]
    guide = (folder / "hospital-it.md").read_text()
    assert "How to stop" in guide
    assert all((folder / page).is_file() for page in re.findall(r"\]\(([a-z-]+\.md)\)", guide))  # pages that it points to
    assert not (folder / "local" / "privacy.json").exists()


def test_the_authority_is_kept_apart_and_closed(kits):
    assert stat.S_IMODE(kits.authority.stat().st_mode) == 0o700
    for folder in (kits.server, *kits.sites.values(), *kits.people.values()):
        assert not any("root_pri_key" in file.read_text(errors="ignore") for file in folder.rglob("*") if file.is_file())


def test_new_kits_work_with_old_ones(kits, tmp_path):
    project = yaml.safe_load(example_project())
    project["participants"].append({"name": "hospital-east", "type": "client", "org": "east"})
    root = (kits.server / "startup" / "rootCA.pem").read_bytes()
    (tmp_path / "project.yml").write_text(yaml.safe_dump(project))
    renewed = provision(tmp_path / "project.yml", kits.server.parent)
    assert (renewed.sites["hospital-east"] / "startup" / "rootCA.pem").read_bytes() == root


def test_measures_that_a_project_asks_for_run_at_every_site(tmp_path):
    project = yaml.safe_load(example_project())
    own = next(builder for builder in project["builders"] if builder["path"].endswith("NodulescopeKits"))
    own["args"] = {"bundles": [], "statistics": False, "privacy": {"gaussian": {"noise_multiplier": 2.0, "max_epsilon": 8}}}
    (tmp_path / "project.yml").write_text(yaml.safe_dump(project))
    made = provision(tmp_path / "project.yml", tmp_path / "kits")
    for folder in made.sites.values():
        scope = json.loads((folder / "local" / "privacy.json").read_text())
        assert scope["default_scope"] == "site"
        (measure,) = scope["scopes"][0]["task_result_filters"]
        assert measure["path"] == "nodulescope.federated.privacy.gaussian_filter.GaussianPrivacy"
        assert measure["args"] == {"clip_norm": 1.0, "noise_multiplier": 2.0, "delta": 1e-5, "max_epsilon": 8}
        assert read_allow_list(folder / "local" / "nodulescope-allowed.json") == AllowList()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.pop("participants"), "participants must be a list"),
        (lambda p: p["participants"].append(dict(p["participants"][1])), "hospital-north is named twice"),
        (lambda p: p["participants"].pop(0), "one participant of type server, not 0"),
        (lambda p: p.update(participants=[q for q in p["participants"] if q["type"] != "client"]), "at least two participants"),
        (lambda p: [q.pop("role", None) for q in p["participants"]], "nobody has the role lead"),
        (lambda p: p["builders"].pop(2), "the sites would take any job"),
    ],
)
def test_projects_that_cannot_work_are_refused(tmp_path, change, words):
    project = yaml.safe_load(example_project())
    change(project)
    (tmp_path / "project.yml").write_text(yaml.safe_dump(project))
    with pytest.raises(InputError, match=words):
        read_project(tmp_path / "project.yml")


def test_an_unknown_bundle_leaves_no_kits(tmp_path):
    (tmp_path / "project.yml").write_text(example_project().replace("nodule_grading]", "nodule_guessing]"))
    with pytest.raises((InputError, UsageError), match="nodule_guessing"):
        provision(tmp_path / "project.yml", tmp_path / "kits")
    assert list((tmp_path / "kits").iterdir()) == []


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "project.yml").write_text(example_project())
    with pytest.raises(UsageError, match="holds other files"):
        provision(tmp_path / "project.yml", tmp_path)


def test_a_missing_or_broken_project_file(tmp_path):
    with pytest.raises(InputError, match="--example"):
        read_project(tmp_path / "none.yml")
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(InputError, match="not valid YAML"):
        read_project(tmp_path / "broken.yml")

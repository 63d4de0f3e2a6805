import json

import pytest

from nodulescope.federated.provisioning.admission import COUNTER, EXECUTOR, is_allowed, refusal
from nodulescope.federated.provisioning.allow_list import AllowList

KNOWN = "a" * 64
ALLOWED = AllowList({"nodule_grading": (KNOWN,)}, statistics=False)


def _job(folder, executor=EXECUTOR, settings=None, components=()):
    arguments = {"settings": {"bundle": "nodule_grading", "bundle_sha256": KNOWN} if settings is None else settings}
    config = {"executors": [{"tasks": ["train"], "executor": {"path": executor, "args": arguments}}], "components": list(components)}
    (folder / "config").mkdir()
    (folder / "config" / "config_fed_client.json").write_text(json.dumps(config))
    return folder


def test_a_known_bundle_is_admitted(tmp_path):
    assert refusal(_job(tmp_path), {"name": "federation"}, ALLOWED) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"bundle": "nodule_grading", "bundle_sha256": "b" * 64}, "hash bbbbbbbbbbbb"),
        ({"bundle": "spying", "bundle_sha256": KNOWN}, "'spying', which is not on this site's allow list"),
        ({"bundle": "nodule_grading"}, "with the hash None"),
        ({"bundle": ["nodule_grading"], "bundle_sha256": KNOWN}, "not on this site's allow list"),
        ("nodule_grading", "the bundle None"),
    ],
)
def test_unknown_bundles_are_refused(tmp_path, settings, words):
    assert words in refusal(_job(tmp_path, settings=settings), {}, ALLOWED)


@pytest.mark.parametrize("file", ["custom/net.py", "custom/net.json", "config/run.conf", "model.pt", "config/config_fed_client.yml"])
def test_anything_but_configurations_is_refused(tmp_path, file):
    job = _job(tmp_path)
    (job / file).parent.mkdir(exist_ok=True)
    (job / file).write_text("{}")
    assert f"the job brings {file}" in refusal(job, {}, ALLOWED)


def test_links_out_of_the_job_are_refused(tmp_path):
    job = _job(tmp_path)
    (job / "config" / "other.json").symlink_to("/etc/passwd")
    assert "the job brings config/other.json" in refusal(job, {}, ALLOWED)


@pytest.mark.parametrize("meta", [{"byoc": True}, {"launcher_spec": {"site": {"docker": {"image": "x"}}}}])
def test_custom_code_and_containers_are_refused(tmp_path, meta):
    assert "allows neither" in refusal(_job(tmp_path), meta, ALLOWED)


@pytest.mark.parametrize(
    "component",
    [
        {"id": "a", "path": "nvflare.app_common.launchers.subprocess_launcher.SubprocessLauncher", "args": {"script": "rm -rf ~"}},
        {"id": "a", "path": "os.system", "args": {}},
        {"id": "a", "path": "nodulescope.federated.privacyless.Filter"},
        {"id": "a", "name": "SubprocessLauncher", "args": {"script": "x"}},
        {
            "id": "a",
            "path": "nodulescope.federated.privacy.gaussian_filter.GaussianPrivacy",
            "args": {"x": {"class_path": "builtins.eval"}},
        },
    ],
)
def test_unknown_components_are_refused_however_deep(tmp_path, component):
    assert "which is not among those that this site runs" in refusal(_job(tmp_path, components=[component]), {}, ALLOWED)


def test_statistics_need_permission(tmp_path):
    job = _job(tmp_path, executor=COUNTER)
    assert "statistics, which this site does not allow" in refusal(job, {}, ALLOWED)
    assert refusal(job, {}, AllowList(statistics=True)) is None


def test_a_job_without_work_is_refused(tmp_path):
    job = _job(tmp_path, executor="nodulescope.federated.wire.half_precision.Shorten")
    assert "neither trains a bundle nor counts" in refusal(job, {}, ALLOWED)


def test_broken_configurations_are_refused(tmp_path):
    job = _job(tmp_path)
    (job / "config" / "config_fed_server.json").write_text("{")
    assert "config_fed_server.json is not valid JSON" in refusal(job, {}, ALLOWED)


def test_nothing_that_is_allowed_starts_a_program():
    assert is_allowed("nodulescope.federated.privacy.gaussian_filter.GaussianPrivacy")
    for name in ("nvflare.app_common.executors.client_api_launcher_executor.ClientAPILauncherExecutor", "nodulescope.federated.privacy2.X"):
        assert not is_allowed(name)

"""The guide to packaging: what can be checked of it by a machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from nodulescope.apps.cli.main import app
from nodulescope.apps.nodule_ct.container.places import PLACES
from nodulescope.apps.nodule_ct.packaging.manifests import HEALTH, TIME_LIMIT_S
from nodulescope.bundles.predictors import STAGES

GUIDE = Path(__file__).parents[3] / "apps" / "nodule_ct" / "docs" / "packaging.md"

KUBERNETES = ("1.30", "1.37")
"""The oldest and the newest that the Job is checked against."""


def blocks(language: str) -> list[str]:
    """The code of one language in the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    (text,) = blocks("yaml")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_job_keeps_to_the_schema_of_kubernetes(job: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(job, version, strict=True)
    job_with_a_slip = json.loads(json.dumps(job).replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"))
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job_with_a_slip, version, strict=True)


def test_the_job_runs_the_image_without_rights_and_as_the_manifests_say(job: dict[str, Any]) -> None:
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 1000)
    assert container["livenessProbe"]["exec"]["command"] == HEALTH["command"]
    assert {key: container["livenessProbe"][key] for key in HEALTH if key not in ("type", "command")} == {
        key: value for key, value in HEALTH.items() if key not in ("type", "command")
    }
    assert container["env"] == [{"name": "HOLOSCAN_TIMEOUT", "value": str(TIME_LIMIT_S)}]
    assert job["spec"]["activeDeadlineSeconds"] > TIME_LIMIT_S
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {PLACES["HOLOSCAN_INPUT_PATH"], PLACES["HOLOSCAN_OUTPUT_PATH"], "/tmp"}
    assert job["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2, 3, 4]


def test_the_workflow_gives_the_image_its_own_places() -> None:
    (text,) = blocks("json")
    workflow = json.loads(text)
    tasks = {task["id"]: task for task in workflow["tasks"]}
    arguments = tasks["nodules"]["args"]
    given = {name.removeprefix("env_"): value.rstrip("/") for name, value in arguments.items() if name.startswith("env_")}
    assert given == {name: PLACES[name] for name in given}
    assert int(arguments["task_timeout_minutes"]) * 60 > TIME_LIMIT_S
    assert [target["name"] for task in workflow["tasks"] for target in task.get("task_destinations", ())] == ["nodules", "export"]
    assert all(target in tasks for target in ("nodules", "export"))


def test_every_option_that_the_guide_names_exists() -> None:
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("nodulescope package")]
    named = {word for line in commands for word in re.findall(r"(?<= )--?[a-z-]+", line.partition("#")[0])}
    package = get_command(app).commands["package"]  # type: ignore[attr-defined]
    known = {option for parameter in package.params for option in parameter.opts}
    assert named - known == set()
    assert len(commands) >= 7


def test_the_table_of_variables_is_that_of_the_image() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for name in ("HOLOSCAN_INPUT_PATH", "HOLOSCAN_OUTPUT_PATH", "HOLOSCAN_MODEL_PATH", "HOLOSCAN_CONFIG_PATH"):
        assert f"`{name}`" in text
        assert f"`{PLACES[name]}`" in text
    assert f"| `HOLOSCAN_TIMEOUT` | `{TIME_LIMIT_S}` |" in text
    assert [stage for stage in re.findall(r"/opt/holoscan/models/(\w+)", text) if stage not in STAGES] == []

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nodulescope.federated.environments.component_policy import allow_components
from nodulescope.federated.recipe import FederatedRecipe
from nodulescope.federated.settings import JobSettings


@pytest.fixture
def exported(tmp_path: Path) -> Any:
    """``exported(wire="half")`` gives the job's files, server and client."""

    def make(**values: Any) -> tuple[dict[str, Any], dict[str, Any], list[Path]]:
        settings = JobSettings("nodule_grading", "0" * 64, ("north", "south"), **values)
        FederatedRecipe(settings).export(str(tmp_path))
        config = tmp_path / "federation" / "app" / "config"
        server, client = (json.loads((config / f"config_fed_{who}.json").read_text(encoding="utf-8")) for who in ("server", "client"))
        return server, client, [file for file in tmp_path.rglob("*") if file.is_file()]

    return make


def names(filters: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [(each["path"].rpartition(".")[2], sorted(entry["tasks"])) for entry in filters for each in entry["filters"]]


def test_a_job_is_configuration_only(exported: Any) -> None:
    server, client, files = exported()
    assert {file.suffix for file in files} == {".json"}
    (workflow,) = server["workflows"]
    assert workflow["path"] == "nodulescope.federated.server.controller.RoundsController"
    (executor,) = client["executors"]
    assert executor["executor"]["path"] == "nodulescope.federated.client.executor.BundleExecutor"
    assert executor["tasks"] == ["check", "train", "validate", "personal"]
    assert executor["executor"]["args"]["settings"] == workflow["args"]["settings"]
    assert JobSettings.from_json(workflow["args"]["settings"]).sites == ("north", "south")


def test_what_travels_is_shortened_last_and_lengthened_first(exported: Any) -> None:
    server, client, _ = exported(privacy={"gaussian": {}})
    weights = ["personal", "train", "validate"]
    assert names(client["task_data_filters"]) == [("Lengthen", weights)]
    assert names(client["task_result_filters"]) == [("GaussianPrivacy", ["train"]), ("Shorten", ["train"])]
    assert names(server["task_data_filters"]) == [("Shorten", weights)]
    assert names(server["task_result_filters"]) == [("Lengthen", ["train"])]


def test_in_full_precision_nothing_is_shortened(exported: Any) -> None:
    server, client, _ = exported(wire="full")
    assert [config.get(kind) or [] for config in (server, client) for kind in ("task_data_filters", "task_result_filters")] == [[]] * 4


def test_a_node_builds_our_components_beside_nvflares_own(tmp_path: Path) -> None:
    (tmp_path / "resources.json.default").write_text(json.dumps({"format_version": 2, "kept": 1}), encoding="utf-8")
    allow_components(tmp_path)
    allow_components(tmp_path)
    resources = json.loads((tmp_path / "resources.json").read_text(encoding="utf-8"))
    assert resources["kept"] == 1
    listed = resources["class_allow_list"]
    assert listed.count("nodulescope.federated.server.controller.RoundsController") == 1
    assert "nvflare.app_common.widgets.intime_model_selector.IntimeModelSelector" in listed

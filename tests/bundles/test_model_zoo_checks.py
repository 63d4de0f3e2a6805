"""The checks that the MONAI Model Zoo runs on every bundle, without a network connection."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.bundle import ConfigParser, ConfigWorkflow, verify_metadata, verify_net_in_out
from monai.bundle.reference_resolver import ReferenceResolver
from monai.transforms import Compose, LoadImaged

from nodulescope.bundles.predictors import find_bundle

SCHEMA = Path(__file__).parent / "metadata_schema.json"

REQUIRED_FILES = (
    "LICENSE",
    "configs/metadata.json",
    "configs/train.yaml",
    "configs/evaluate.yaml",
    "configs/multi_gpu_train.yaml",
    "configs/smoke.yaml",
    "configs/inference.yaml",
    "configs/logging.conf",
    "docs/README.md",
)

CONFIGURATIONS = (
    ("inference.yaml",),
    ("train.yaml",),
    ("train.yaml", "evaluate.yaml"),
    ("train.yaml", "smoke.yaml"),
    ("train.yaml", "multi_gpu_train.yaml"),
    ("train.yaml", "smoke.yaml", "multi_gpu_train.yaml"),
)


@pytest.fixture
def metadata(stage: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((find_bundle(stage) / "configs" / "metadata.json").read_text(encoding="utf-8"))
    return content


def read(stage: str, *names: str) -> ConfigParser:
    parser = ConfigParser()
    parser.read_config([str(find_bundle(stage) / "configs" / name) for name in names])
    return parser


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_required_files_are_there(stage: str, name: str) -> None:
    assert (find_bundle(stage) / name).stat().st_size > 0


def test_metadata_follow_the_schema(stage: str, tmp_path: Path) -> None:
    schema = shutil.copy(SCHEMA, tmp_path / "schema.json")  # a file that is there is not downloaded
    verify_metadata(meta_file=str(find_bundle(stage) / "configs" / "metadata.json"), filepath=str(schema))


@pytest.mark.parametrize(
    "broken", [("version", "one"), ("weights", {"models/model.pt": {}}), ("intended_use", "Diagnosis"), ("network_data_format", {})]
)
def test_schema_refuses_what_is_wrong(metadata: dict[str, Any], tmp_path: Path, broken: tuple[str, Any]) -> None:
    schema = shutil.copy(SCHEMA, tmp_path / "schema.json")
    changed = copy.deepcopy(metadata)
    changed[broken[0]] = broken[1]
    (tmp_path / "metadata.json").write_text(json.dumps(changed))
    with pytest.raises(ValueError, match="Failed validating"):
        verify_metadata(meta_file=str(tmp_path / "metadata.json"), filepath=str(schema))


def test_changelog_begins_with_the_version(metadata: dict[str, Any]) -> None:
    numbers = [tuple(int(n) for n in version.split(".")) for version in metadata["changelog"]]
    assert next(iter(metadata["changelog"])) == metadata["version"]
    assert numbers == sorted(numbers, reverse=True)


def test_recorded_weights_are_the_ones_that_ship(stage: str, metadata: dict[str, Any]) -> None:
    recorded = {name: entry["sha256"] for name, entry in metadata["weights"].items()}
    shipped = {
        f"models/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest() for file in (find_bundle(stage) / "models").glob("model.pt")
    }
    assert recorded == shipped


def test_licence_and_model_card(stage: str) -> None:
    assert "Apache License" in (find_bundle(stage) / "LICENSE").read_text(encoding="utf-8")[:200]
    card = (find_bundle(stage) / "docs" / "README.md").read_text(encoding="utf-8")
    headings = ["Intended use", "Model", "Data", "Input and output", "Figures", "Commands", "Limits", "Licence"]
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == headings
    assert "Not a medical device" in card
    assert "CC BY 3.0" in card
    for name in ("train", "evaluate", "multi_gpu_train", "smoke", "inference"):
        assert f"bundles/{stage}/configs/{name}.yaml" in card


@pytest.mark.parametrize("names", CONFIGURATIONS, ids="+".join)
def test_every_reference_has_its_target(stage: str, names: tuple[str, ...]) -> None:
    assert missing_references(read(stage, *names)) == set()


def test_references_of_the_baseline() -> None:
    assert missing_references(read("nodule_grading", "train.yaml", "train_baseline.yaml")) == set()


def test_missing_references_are_noticed() -> None:
    parser = ConfigParser({"a": "@b", "c": "$@d + 1", "d": 2})
    assert missing_references(parser) == {"b"}


def missing_references(parser: ConfigParser) -> set[str]:
    parser.parse(reset=True)
    items = parser.ref_resolver.items
    wanted = {r for name, item in items.items() for r in ReferenceResolver.find_refs_in_config(item.get_config(), name)}
    return wanted - set(items)


def test_training_and_inference_agree(stage: str) -> None:
    train, inference = read(stage, "train.yaml"), read(stage, "inference.yaml")
    assert inference["network_def"] == train["network_def"]


def test_inference_parts_can_be_built(stage: str) -> None:
    parser = read(stage, "inference.yaml")
    parser.update({"bundle_root": str(find_bundle(stage)), "device": "$torch.device('cpu')"})
    chain = parser.get_parsed_content("preprocessing")
    assert isinstance(chain, Compose)
    assert isinstance(chain.transforms[0], LoadImaged)
    assert isinstance(parser.get_parsed_content("postprocessing"), Compose)
    assert callable(parser.get_parsed_content("inferer"))
    network = parser.get_parsed_content("network")
    assert sum(p.numel() for p in network.parameters()) > 100_000


@pytest.mark.parametrize(("stage_of_network", "size"), [("lung_segmentation", 32), ("nodule_segmentation", 16), ("nodule_grading", 30)])
def test_network_takes_and_gives_what_the_metadata_say(stage_of_network: str, size: int) -> None:
    configs = find_bundle(stage_of_network) / "configs"
    meta, config = str(configs / "metadata.json"), str(configs / "inference.yaml")
    verify_net_in_out(net_id="network_def", meta_file=meta, config_file=config, device="cpu", n=2)
    formats = json.loads((configs / "metadata.json").read_text())["network_data_format"]
    network = read(stage_of_network, "inference.yaml").get_parsed_content("network_def").eval()
    with torch.no_grad():
        answer = network(torch.rand(1, 1, size, size, size))
    assert answer.shape[1] == formats["outputs"]["pred"]["num_channels"] == len(formats["outputs"]["pred"]["channel_def"])
    assert answer.shape[2:] == ((1, 1, 1) if stage_of_network == "nodule_grading" else (size,) * 3)


def test_detector_takes_and_gives_what_the_metadata_say() -> None:
    parser = read("nodule_detection", "inference.yaml")
    detector = parser.get_parsed_content("detector").eval()
    with torch.no_grad():
        maps = detector.network(torch.rand(1, 1, 32, 48, 64))
        found = detector([torch.rand(1, 30, 44, 62)])
    assert [tuple(m.shape) for m in maps["classification"]] == [(1, 2, 8, 12, 16), (1, 2, 4, 6, 8), (1, 2, 2, 3, 4)]
    assert [m.shape[1] for m in maps["box_regression"]] == [12, 12, 12]
    assert set(found[0]) == {"box", "box_class", "box_class_scores"}
    assert found[0]["box"].shape == (len(found[0]["box_class_scores"]), 6)


@pytest.mark.parametrize("names", [("train.yaml",), ("train.yaml", "evaluate.yaml")], ids="+".join)
def test_workflow_properties_of_training(
    stage: str, names: tuple[str, ...], small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path
) -> None:
    bundle = small_bundle(stage)
    workflow = workflow_of(
        bundle, names, "train", small_data.scans if stage in ("lung_segmentation", "nodule_detection") else small_data.cubes, tmp_path
    )
    assert workflow.check_properties() == []
    assert workflow.max_epochs == workflow.trainer.state.max_epochs
    assert len(workflow.train_dataset_data) >= 2
    assert workflow.network_def is not None
    assert workflow.val_interval >= 1
    assert workflow.evaluator.state.max_epochs == 1


def test_workflow_properties_of_inference(stage: str, small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    datalist = small_data.scans if stage in ("lung_segmentation", "nodule_detection") else small_data.places
    workflow = workflow_of(small_bundle(stage), ("inference.yaml",), "infer", datalist, tmp_path)
    assert workflow.check_properties() == []
    assert workflow.dataset_dir == str(datalist.parent)
    assert workflow.version == json.loads((find_bundle(stage) / "configs" / "metadata.json").read_text())["version"]


def workflow_of(bundle: Any, names: tuple[str, ...], kind: str, datalist: Path, out: Path) -> ConfigWorkflow:
    settings = {"bundle_root": str(bundle.root), "datalist": str(datalist), "output_dir": str(out), "num_workers": 0, "batch_size": 1}
    workflow = ConfigWorkflow(bundle.config(*names), logging_file=False, workflow_type=kind, **bundle.overrides, **settings)
    workflow.initialize()
    return workflow

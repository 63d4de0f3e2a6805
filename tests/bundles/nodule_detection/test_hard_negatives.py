from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow
from monai.utils import set_determinism

from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.data.datalist import read_datalist
from nodulescope.bundles.errors import BundleError, InputError
from nodulescope.bundles.nodule_detection.batches import cached_scan_transforms
from nodulescope.bundles.nodule_detection.detector import NoduleDetector
from nodulescope.bundles.nodule_detection.hard_negatives import HardNegativeHarvest, _scan_transforms, with_hard_negatives
from nodulescope.bundles.nodule_detection.network import NoduleRetinaNet
from nodulescope.bundles.nodule_detection.patches import PLACE_CLASS, RandBoxPatchesd
from nodulescope.bundles.training.checkpoints import save_weights

Mark = tuple[tuple[float, float, float], float, float]

IN_LUNG, ON_PLEURA, FAR_OUT = (-20.0, 0.0, 140.0), (-40.0, 0.0, 140.0), (0.0, -36.0, 140.0)
"""Places of the small chest without a nodule: 0, 3 and more than 8 mm from lung."""


@pytest.fixture
def detector() -> NoduleDetector:
    torch.manual_seed(0)
    return NoduleDetector(NoduleRetinaNet(num_anchors=2, channels=(8, 8, 16, 16), pyramid_channels=8))


@pytest.fixture
def datalist(small_data: Any, tmp_path: Path) -> Path:
    """Two training scans, one with an ignored box too, and a validation scan of which there is only the name."""
    for name in ("a", "b"):
        for kind in ("", "_lungs"):
            (tmp_path / f"{name}{kind}.nii.gz").symlink_to(small_data.scan.with_name(f"scan{kind}.nii.gz"))
    nodule = [*small_data.nodule_lps_mm, 12.0, 12.0, 12.0]
    ignored = [-20.0, 12.0, 130.0, 8.0, 8.0, 8.0]
    first = {"image": "a.nii.gz", "label": "a_lungs.nii.gz", "patient": "a", "box": [nodule], "box_class": [0]}
    second = {**first, "image": "b.nii.gz", "label": "b_lungs.nii.gz", "patient": "b", "box": [nodule, ignored], "box_class": [0, 1]}
    validation = {
        **first,
        "image": "v.nii.gz",
        "label": "v_lungs.nii.gz",
        "patient": "v",
        "nodules": [{"id": "1", "outline": "v_1.nii.gz"}],
    }
    file = tmp_path / "scans.json"
    file.write_text(json.dumps({"training": [first, second], "validation": [validation]}), encoding="utf-8")
    return file


@pytest.fixture
def make(detector: NoduleDetector, datalist: Path, tmp_path: Path) -> Callable[..., HardNegativeHarvest]:
    """A harvest whose detector answers every scan with the same marks: centre in LPS mm, edge in mm, score."""
    save_weights(detector.network, tmp_path / "round1.pt")

    def harvest(marks: list[Mark], score: float = 0.2, output: str = "run/scans_round2.json") -> HardNegativeHarvest:
        made = HardNegativeHarvest(
            str(datalist), str(tmp_path / "round1.pt"), detector, torch.device("cpu"), str(tmp_path / output), score, mixed_precision=False
        )

        def answer(images: list[Any], network: Any) -> list[dict[str, torch.Tensor]]:
            assert not network.training
            affine = swap_ras_lps(images[0].affine.numpy())
            centers = np.array([world_to_index(affine, place) for place, _, _ in marks]).reshape(-1, 3)
            half = np.array([[edge / 2.0] for _, edge, _ in marks]).reshape(-1, 1)
            corners = torch.tensor(np.concatenate([centers - half, centers + half], axis=1), dtype=torch.float32)
            return [{"box": corners, "box_class_scores": torch.tensor([score for *_, score in marks])}]

        made.inferer = answer  # type: ignore[assignment]
        return made

    return harvest


def places_in(file: Path) -> list[Any]:
    return [item["hard_negatives"] for item in json.loads(file.read_text(encoding="utf-8"))["training"]]


def test_false_positives_are_findings_in_the_lungs_beside_no_box(make: Callable[..., HardNegativeHarvest], datalist: Path) -> None:
    marks = [
        (IN_LUNG, 6.0, 0.5),
        (ON_PLEURA, 6.0, 0.9),
        (FAR_OUT, 6.0, 0.95),
        ((22.0, 3.0, 142.0), 12.0, 0.99),  # the nodule
        ((22.0, 12.5, 142.0), 6.0, 0.8),  # 3.5 mm beside its box
        ((-20.0, 12.0, 130.0), 8.0, 0.7),  # at the box that is to be ignored, which only the second scan has
        ((22.0, 14.0, 142.0), 6.0, 0.6),  # 5 mm beside the nodule's box
        ((-18.0, -12.0, 150.0), 6.0, 0.1),
    ]
    first, second = make(marks).items
    expected = [(-40.0, 0.0, 140.0, 0.9), (-20.0, 12.0, 130.0, 0.7), (22.0, 14.0, 142.0, 0.6), (-20.0, 0.0, 140.0, 0.5)]
    np.testing.assert_allclose(make(marks).false_positives(first), expected, atol=0.06)
    np.testing.assert_allclose(make(marks).false_positives(second), [expected[0], *expected[2:]], atol=0.06)


def test_large_findings_may_lie_farther_outside(make: Callable[..., HardNegativeHarvest]) -> None:
    harvest = make([((-44.0, 0.0, 140.0), 6.0, 0.9)]), make([((-44.0, 0.0, 140.0), 20.0, 0.9)])
    assert [len(h.false_positives(h.items[0])) for h in harvest] == [0, 1]


def test_the_new_datalist_names_them_and_leaves_the_rest(make: Callable[..., HardNegativeHarvest], tmp_path: Path) -> None:
    assert list(make([(IN_LUNG, 6.0, 0.5)])) == [1, 2]
    written = tmp_path / "run" / "scans_round2.json"
    np.testing.assert_allclose(places_in(written), [[IN_LUNG], [IN_LUNG]], atol=0.06)
    content = json.loads(written.read_text(encoding="utf-8"))
    (validation,) = content["validation"]
    assert "hard_negatives" not in validation
    assert (validation["image"], validation["nodules"][0]["outline"]) == ("../v.nii.gz", "../v_1.nii.gz")
    items = read_datalist(written, "training")
    assert [Path(item["image"]).resolve() for item in items] == [Path(i["image"]).resolve() for i in make([]).items]
    assert not list((tmp_path / "run").glob("*.part"))


def test_an_interrupted_harvest_goes_on(make: Callable[..., HardNegativeHarvest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    original = HardNegativeHarvest.false_positives

    def noted(self: HardNegativeHarvest, item: Any) -> Any:
        looked_at.append(item["patient"])
        return original(self, item)

    monkeypatch.setattr(HardNegativeHarvest, "false_positives", noted)
    next(iter(make([(IN_LUNG, 6.0, 0.5)])))
    assert not (tmp_path / "run" / "scans_round2.json").exists()
    list(make([(IN_LUNG, 6.0, 0.5)]))
    assert looked_at == ["a", "b"]
    list(make([(IN_LUNG, 6.0, 0.5)]))
    assert looked_at == ["a", "b"]
    list(make([(IN_LUNG, 6.0, 0.5)], score=0.3))
    assert looked_at == ["a", "b", "a", "b"]


def test_mistakes_of_an_earlier_round_stay(make: Callable[..., HardNegativeHarvest], datalist: Path, tmp_path: Path) -> None:
    content = json.loads(datalist.read_text(encoding="utf-8"))
    content["training"][0]["hard_negatives"] = [[-20.0, 0.0, 143.0], [-20.0, 0.0, 155.0]]
    datalist.write_text(json.dumps(content), encoding="utf-8")
    list(make([(IN_LUNG, 6.0, 0.5)], output="scans_round3.json"))
    first, second = places_in(tmp_path / "scans_round3.json")
    np.testing.assert_allclose(first, [IN_LUNG, (-20.0, 0.0, 155.0)], atol=0.06)
    np.testing.assert_allclose(second, [IN_LUNG], atol=0.06)


def test_weights_of_another_network_are_named(make: Callable[..., HardNegativeHarvest], tmp_path: Path) -> None:
    harvest = make([])
    save_weights(torch.nn.Linear(2, 2), tmp_path / "round1.pt")
    with pytest.raises(BundleError, match=r"round1\.pt: these weights do not fit"):
        list(harvest)


def test_a_datalist_without_parts_is_refused(make: Callable[..., HardNegativeHarvest], datalist: Path) -> None:
    datalist.write_text(json.dumps(json.loads(datalist.read_text(encoding="utf-8"))["training"]), encoding="utf-8")
    with pytest.raises(InputError, match=r"scans\.json: has no parts"):
        make([])


def test_patches_are_drawn_where_the_mistakes_are(datalist: Path) -> None:
    item = read_datalist(datalist, "training")[0]
    assert with_hard_negatives([item])[0]["box"] == item["box"]
    (merged,) = with_hard_negatives([{**item, "hard_negatives": [list(IN_LUNG)]}])
    assert merged["box_class"] == [0, PLACE_CLASS]
    cached: Any = cached_scan_transforms()(merged)
    index = world_to_index(swap_ras_lps(cached["image"].affine.numpy()), IN_LUNG)
    np.testing.assert_allclose((cached["box"][1, :3] + cached["box"][1, 3:]) / 2, index, atol=0.01)
    cached["image"][0, *np.rint(index).astype(int)] = 7.0
    patches: Any = RandBoxPatchesd("image", size=24, patches=10, positive=0.0, hard=1.0).set_random_state(seed=0)(cached)
    assert all(float(patch["image"].max()) == 7.0 for patch in patches)


def test_the_scan_is_seen_as_in_training(datalist: Path) -> None:
    item = read_datalist(datalist, "training")[0]
    seen: Any = _scan_transforms()({key: item[key] for key in ("image", "label")})
    trained: Any = cached_scan_transforms()(item)
    torch.testing.assert_close(seen["image"].as_tensor(), trained["image"].as_tensor().float(), atol=1e-3, rtol=0)
    np.testing.assert_allclose(seen["image"].affine, trained["image"].affine)


def run(bundle: Any, *names: str, **settings: Any) -> None:
    small = {"bundle_root": str(bundle.root), "num_workers": 0, "amp": False, "patch": 48, "patches": 1, "repeats": 1, "val_interval": 1}
    workflow = ConfigWorkflow(bundle.config(*names), logging_file=False, workflow_type="train", **{**bundle.overrides, **small, **settings})
    try:
        workflow.initialize()
        workflow.run()
    finally:
        set_determinism(seed=None)


def test_the_configurations_make_a_second_round(small_bundle: Callable[[str], Any], small_data: Any, tmp_path: Path) -> None:
    bundle = small_bundle("nodule_detection")
    weights = bundle.root / "models" / "model.pt"  # calls everything a nodule
    harvested = tmp_path / "run" / "scans_round2.json"
    run(bundle, "train.yaml", "harvest.yaml", datalist=str(small_data.scans), harvested=str(harvested))
    places = places_in(harvested)
    assert len(places) == 2
    assert len(places[0]) > 10
    nodule = np.array(small_data.nodule_lps_mm)
    assert all(np.abs(nodule - place).max() > 6.0 + 4.0 - 0.1 for place in places[0])
    affine = swap_ras_lps(nibabel.load(small_data.scan).affine)
    assert all((np.rint(world_to_index(affine, place)) >= 0).all() for place in places[0])

    before = torch.load(weights, weights_only=True)
    run(bundle, "train.yaml", "round2.yaml", datalist=str(harvested), output_dir=str(tmp_path / "round2"), epochs=1)
    after = torch.load(tmp_path / "round2" / "best.pt", weights_only=True)
    for name, value in before.items():
        if value.ndim == 5:  # the one step of a warm-up moves a kernel by no more than its rounding
            torch.testing.assert_close(after[name], value, atol=1e-3, rtol=0)

"""A detector as the MONAI Model Zoo ships it (``lung_nodule_ct_detection``), without torchvision, ITK or its own ``scripts`` package."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from nodulescope.bundles.contracts import CTSource, CTVolume, LungMask
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.predictors import Bundle, DetectionPredictor, open_bundle
from nodulescope.bundles.predictors.torchvision_free import allow_resnet_pyramids
from nodulescope.bundles.training.checkpoints import save_weights

SPACING_MM = (0.703125, 0.703125, 1.25)

CONFIG: dict[str, Any] = {
    "whether_raw_luna16": False,
    "whether_resampled_luna16": "$(not @whether_raw_luna16)",
    "imports": ["$import glob", "$import os"],
    "bundle_root": "./",
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "test_datalist": "$monai.data.load_decathlon_datalist(@bundle_root + '/LUNA16_datasplit/dataset_fold0.json', is_segmentation=True)",
    "infer_patch_size": [512, 512, 192],
    "anchor_generator": {
        "_target_": "monai.apps.detection.utils.anchor_utils.AnchorGeneratorWithAnchorShape",
        "feature_map_scales": [1, 2, 4],
        "base_anchor_shapes": [[6, 8, 4], [8, 6, 5], [10, 10, 6]],
    },
    "backbone": "$monai.networks.nets.resnet.resnet50(spatial_dims=3,n_input_channels=1,conv1_t_stride=[2,2,1],conv1_t_size=[7,7,7])",
    "feature_extractor": "$monai.apps.detection.networks.retinanet_network.resnet_fpn_feature_extractor(@backbone,3,False,[1,2],None)",
    "network_def": {
        "_target_": "RetinaNet",
        "spatial_dims": 3,
        "num_classes": 1,
        "num_anchors": 3,
        "feature_extractor": "@feature_extractor",
        "size_divisible": [16, 16, 8],
    },
    "network": "$@network_def.to(@device)",
    "detector": {"_target_": "RetinaNetDetector", "network": "@network", "anchor_generator": "@anchor_generator", "debug": False},
    "detector_ops": [
        "$@detector.set_target_keys(box_key='box', label_key='label')",
        "$@detector.set_box_selector_parameters(score_thresh=0.02,topk_candidates_per_level=1000,nms_thresh=0.22,detections_per_img=300)",
        "$@detector.set_sliding_window_inferer(roi_size=@infer_patch_size,overlap=0.25,sw_batch_size=1,mode='constant',device='cpu')",
    ],
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image", "meta_key_postfix": "meta_dict", "_disabled_": "@whether_raw_luna16"},
            {
                "_target_": "LoadImaged",
                "keys": "image",
                "meta_key_postfix": "meta_dict",
                "reader": "itkreader",
                "affine_lps_to_ras": True,
                "_disabled_": "@whether_resampled_luna16",
            },
            {"_target_": "EnsureChannelFirstd", "keys": "image", "meta_key_postfix": "meta_dict"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "image", "pixdim": list(SPACING_MM), "_disabled_": "@whether_resampled_luna16"},
            {
                "_target_": "ScaleIntensityRanged",
                "keys": "image",
                "a_min": -1024.0,
                "a_max": 300.0,
                "b_min": 0.0,
                "b_max": 1.0,
                "clip": True,
            },
            {"_target_": "EnsureTyped", "keys": "image"},
        ],
    },
    "inferer": {"_target_": "scripts.detection_inferer.RetinaNetInferer", "detector": "@detector"},
    "evaluator": {"_target_": "scripts.evaluator.DetectionEvaluator", "_requires_": "@detector_ops", "inferer": "@inferer"},
    "evaluating": ["$setattr(torch.backends.cudnn, 'benchmark', True)", "$@evaluator.run()"],
}


@pytest.fixture(scope="module")
def zoo_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Untrained, with a bias so high that it finds nodules everywhere."""
    root = tmp_path_factory.mktemp("lung_nodule_ct_detection")
    (root / "configs").mkdir()
    (root / "configs" / "inference.json").write_text(json.dumps(CONFIG))
    (root / "configs" / "metadata.json").write_text(json.dumps({"version": "0.6.9", "name": "Lung nodule CT detection"}))
    allow_resnet_pyramids()
    torch.manual_seed(0)
    network = ConfigParser(CONFIG).get_parsed_content("network_def")
    torch.nn.init.constant_(network.classification_head.cls_logits.bias, 1.0)
    save_weights(network, root / "models" / "model.pt")
    return open_bundle(root, "nodule_detection", torch.device("cpu"))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever calls out, fails."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a bundle called out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)


@pytest.fixture(scope="module")
def small_ct() -> CTVolume:
    """Lung of 60 x 54 x 40 mm in any order of axes, a ball in it."""
    affine = np.array([[0, 0, -1.5, 30.0], [-1.5, 0, 0, 20.0], [0, 2.0, 0, -60.0], [0, 0, 0, 1]])
    hu = np.full((36, 20, 40), -850.0, np.float32)
    hu[16:22, 8:12, 20:26] = 30.0
    return CTVolume(hu, affine, CTSource("phantom"))


def lungs_of(ct: CTVolume) -> LungMask:
    return LungMask((ct.hu < -500).astype(np.uint8), ct.affine_lps, True)


@pytest.mark.usefixtures("offline")
def test_it_finds_candidates_inside_the_ct(zoo_bundle: Bundle, small_ct: CTVolume) -> None:
    assert (zoo_bundle.name, zoo_bundle.version) == ("Lung nodule CT detection", "0.6.9")
    found = DetectionPredictor(zoo_bundle)(small_ct, lungs_of(small_ct))
    assert len(found) > 10
    assert found[0].score > 0.5
    index = world_to_index(small_ct.affine_lps, [c.center_lps_mm for c in found])
    assert (index >= -0.5).all()
    assert (index <= np.array(small_ct.shape) - 0.5).all()
    assert (np.ptp(index, axis=0) > np.array(small_ct.shape) / 2).all()
    assert "scripts" not in sys.modules


def test_spacing_and_window_are_its_own(zoo_bundle: Bundle, small_ct: CTVolume) -> None:
    image = zoo_bundle.preprocess(small_ct)["image"]
    np.testing.assert_allclose(image.pixdim.numpy(), SPACING_MM, atol=1e-6)
    assert image.shape == (1, 84, 76, 31)  # (40 - 1) * 1.5 / 0.703125 + 1, (36 - 1) * 1.5 / 0.703125 + 1, (20 - 1) * 2 / 1.25 + 1
    np.testing.assert_allclose([float(image.min()), float(image.max())], [(1024 - 850) / 1324, (1024 + 30) / 1324], atol=1e-5)


def test_images_smaller_than_its_window_are_not_moved(zoo_bundle: Bundle, small_ct: CTVolume, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = DetectionPredictor(zoo_bundle)
    windows = predictor(small_ct, lungs_of(small_ct))
    monkeypatch.setattr(predictor.detector, "inferer", None)  # the whole at once
    whole = predictor(small_ct, lungs_of(small_ct))
    # Of findings that score almost alike, non-maximum suppression may keep another one; those that both keep lie at one place.
    places = np.array([c.center_lps_mm for c in windows])
    gaps = [np.linalg.norm(places - c.center_lps_mm, axis=1).min() for c in whole[:30]]
    assert float(np.median(gaps)) < 0.1
    assert np.mean(np.array(gaps) < 0.2) > 0.9


def test_its_window_fits_a_workstation_and_the_image(zoo_bundle: Bundle) -> None:
    predictor = DetectionPredictor(zoo_bundle)
    for shape, window in (((500, 430, 300), (192, 192, 192)), ((84, 76, 31), (96, 80, 32))):
        with predictor._fitting_window(shape):
            assert predictor.detector.inferer.roi_size == window
    assert tuple(predictor.detector.inferer.roi_size) == (512, 512, 192)

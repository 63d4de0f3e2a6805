from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation
from skimage.measure import label

from nodulescope.bundles.contracts import CTVolume, LungMask
from nodulescope.bundles.coordinates import swap_ras_lps, world_to_index
from nodulescope.bundles.errors import BundleError
from nodulescope.bundles.predictors import Bundle, DetectionPredictor
from nodulescope.bundles.predictors.detection import Detections, is_near_lungs

Chest = Callable[..., CTVolume]
LUNG, TISSUE = (1000 - 850) / 1400, (1000 + 30) / 1400
"""Canonical values of the chest's lung and balls."""

EXTENT = (74.0, 70.0, 64.0)
BALL = ((27.0, -38.0, 44.0), 14.0)


def lungs_of(ct: CTVolume) -> LungMask:
    return LungMask((ct.hu < -500).astype(np.uint8), ct.affine_lps, True)


def find_ball(images: list[torch.Tensor], **_: Any) -> list[dict[str, torch.Tensor]]:
    """What a perfect detector says: a cube around the one bright thing that does not touch the border, in voxels."""
    parts = label(images[0][0].numpy() > 0.5)
    border = np.unique(np.concatenate([np.moveaxis(parts, a, 0)[[0, -1]].ravel() for a in range(3)]))
    inner = [n for n in range(1, parts.max() + 1) if n not in border]
    assert len(inner) == 1
    share = np.clip((images[0][0].numpy() - LUNG) / (TISSUE - LUNG), 0, 1) * binary_dilation(parts == inner[0], iterations=3)
    center = np.array([np.average(axis, weights=share) for axis in np.indices(share.shape)])
    half = np.cbrt(6 * share.sum() / np.pi) / 2
    box = np.concatenate([center - half, center + half])
    return [{"box": torch.tensor(box[None], dtype=torch.float32), "box_class_scores": torch.tensor([0.75])}]


@pytest.fixture
def ball_finder(open_small: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch) -> Callable[..., DetectionPredictor]:
    """A predictor whose detector is :func:`find_ball`: everything but the network is real."""

    def make(*magnifications: float) -> DetectionPredictor:
        predictor = DetectionPredictor(open_small("nodule_detection"), magnifications or (1.0,))
        monkeypatch.setattr(predictor.detector, "forward", find_ball)
        return predictor

    return make


def test_a_finding_is_where_it_is_in_the_patient(orientation: Any, ball_finder: Callable[..., DetectionPredictor], chest: Chest) -> None:
    ct = chest([BALL], extent=EXTENT, orientation=orientation)
    (found,) = ball_finder()(ct, lungs_of(ct))
    np.testing.assert_allclose(found.center_lps_mm, BALL[0], atol=0.15)
    assert found.diameter_mm == pytest.approx(BALL[1], abs=0.6)


@pytest.mark.parametrize("magnification", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("axes", [((0, 1, 2), (1, 1, 1)), ((0, 1, 2), (-1, -1, -1)), ((2, 0, 1), (1, -1, 1))])
def test_magnification_moves_nothing(magnification: float, axes: Any, ball_finder: Callable[..., DetectionPredictor], chest: Chest) -> None:
    ct = chest([BALL], extent=EXTENT, orientation=axes)
    (found,) = ball_finder(magnification)(ct, lungs_of(ct))
    np.testing.assert_allclose(found.center_lps_mm, BALL[0], atol=0.15)
    assert found.diameter_mm == pytest.approx(BALL[1], abs=0.6)
    assert (found.score, found.magnification) == (0.75, magnification)


@pytest.mark.parametrize("degrees", [(25.0, 0.0), (10.0, -15.0)])
@pytest.mark.parametrize("magnification", [1.0, 2.0])
def test_a_tilted_scan_makes_no_difference(
    degrees: tuple[float, float], magnification: float, ball_finder: Callable[..., DetectionPredictor], chest: Chest
) -> None:
    a, b = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    ct = chest([BALL], extent=EXTENT, rotation=about_z @ about_x)
    (found,) = ball_finder(magnification)(ct, lungs_of(ct))
    np.testing.assert_allclose(found.center_lps_mm, BALL[0], atol=0.15)
    assert found.diameter_mm == pytest.approx(BALL[1], abs=0.6)


def test_what_is_seen_at_several_magnifications_is_one_finding(ball_finder: Callable[..., DetectionPredictor], chest: Chest) -> None:
    ct = chest([BALL], extent=EXTENT)
    (found,) = ball_finder(1.0, 1.5, 2.0)(ct, lungs_of(ct))
    np.testing.assert_allclose(found.center_lps_mm, BALL[0], atol=0.15)


def say(monkeypatch: pytest.MonkeyPatch, predictor: DetectionPredictor, ct: CTVolume, marks: list[tuple[Any, float, float]]) -> None:
    """Let the detector answer with marks: centre in LPS mm, edge in mm, score."""
    cropped = ct.cropped(*lungs_of(ct).bounding_box(12.0))
    affine = swap_ras_lps(predictor.bundle.preprocess(cropped)["image"].affine.numpy())
    boxes = [np.concatenate([(c := world_to_index(affine, mark)) - edge / 2, c + edge / 2]) for mark, edge, _ in marks]
    answer = {
        "box": torch.tensor(np.array(boxes), dtype=torch.float32).reshape(-1, 6),
        "box_class_scores": torch.tensor([score for *_, score in marks], dtype=torch.float32),
    }
    monkeypatch.setattr(predictor.detector, "forward", lambda images, **_: [answer])


def test_findings_far_from_the_lungs_are_left_out(open_small: Callable[..., Bundle], chest: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    # The lung's block reaches 45 mm to either side of x = 20.
    ct = chest([], extent=(110.0, 100.0, 90.0))
    predictor = DetectionPredictor(open_small("nodule_detection"))
    marks = [
        ((20.0, -30.0, 40.0), 6.0, 0.5),  # in the lung
        ((68.0, -30.0, 40.0), 6.0, 0.6),  # 3 mm outside: pleura
        ((72.0, -60.0, 40.0), 6.0, 0.7),  # 7 mm outside: more than a nodule's radius
        ((72.0, -10.0, 40.0), 18.0, 0.8),  # 7 mm outside, but 9 mm of radius
        ((500.0, -30.0, 40.0), 6.0, 0.9),  # beside the scan
    ]
    say(monkeypatch, predictor, ct, marks)
    found = predictor(ct, lungs_of(ct))
    assert [round(c.score, 3) for c in found] == [0.8, 0.6, 0.5]
    np.testing.assert_allclose([c.center_lps_mm for c in found], [marks[3][0], marks[1][0], marks[0][0]], atol=1e-3)
    np.testing.assert_allclose([c.diameter_mm for c in found], [18.0, 6.0, 6.0], atol=1e-3)


def test_of_overlapping_findings_the_best_stays(open_small: Callable[..., Bundle], chest: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    ct = chest([])
    predictor = DetectionPredictor(open_small("nodule_detection"))
    say(monkeypatch, predictor, ct, [((20.0, -30, 40), 8.0, 0.4), ((22.0, -30, 40), 8.0, 0.9), ((28.5, -30, 40), 8.0, 0.6)])
    assert [round(c.score, 3) for c in predictor(ct, lungs_of(ct))] == [0.9, 0.6]


@pytest.mark.parametrize(("overlap", "kept"), [(0.0, [0.9]), (0.15, [0.9, 0.6]), (0.7, [0.9, 0.6, 0.4])])
def test_how_much_may_overlap_can_be_chosen(
    overlap: float, kept: list[float], open_small: Callable[..., Bundle], chest: Chest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct = chest([])
    predictor = DetectionPredictor(open_small("nodule_detection"), overlap=overlap)
    # Cubes of 8 mm whose centres lie 2 and 7 mm from the best one's share 6/10 and 1/15 of their union with it.
    say(monkeypatch, predictor, ct, [((20.0, -30, 40), 8.0, 0.4), ((22.0, -30, 40), 8.0, 0.9), ((29.0, -30, 40), 8.0, 0.6)])
    assert [round(c.score, 3) for c in predictor(ct, lungs_of(ct))] == kept


def test_a_search_tells_what_was_seen_before_it_is_joined(
    open_small: Callable[..., Bundle], chest: Chest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct = chest([], extent=(110.0, 100.0, 90.0))
    predictor = DetectionPredictor(open_small("nodule_detection"))
    say(monkeypatch, predictor, ct, [((20.0, -30, 40), 8.0, 0.4), ((22.0, -30, 40), 8.0, 0.9), ((72.0, -60, 40), 6.0, 0.7)])
    seen = predictor.search(ct, lungs_of(ct), 1.0)
    np.testing.assert_allclose(seen.boxes[0], [16, -34, 36, 24, -26, 44], atol=1e-3)
    assert seen.distinct(0.15).tolist() == [1, 2]
    assert [is_near_lungs(seen.candidate(number), lungs_of(ct)) for number in range(3)] == [True, True, False]
    both = Detections.of_all([seen, predictor.search(ct, lungs_of(ct), 2.0)])
    assert both.magnifications.tolist() == [1.0] * 3 + [2.0] * 3
    assert both.candidate(4).magnification == 2.0


def test_nothing_found_is_no_error(open_small: Callable[..., Bundle], chest: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    ct = chest([])
    predictor = DetectionPredictor(open_small("nodule_detection"), (1.0, 2.0))
    say(monkeypatch, predictor, ct, [])
    assert predictor(ct, lungs_of(ct)) == ()


def test_a_bundle_without_a_detector_is_refused(open_small: Callable[..., Bundle]) -> None:
    with pytest.raises(BundleError, match="has no 'detector', which the stage nodule_grading needs"):
        DetectionPredictor(open_small("nodule_grading"))


def test_another_kind_of_detector_is_refused(open_small: Callable[..., Bundle]) -> None:
    with pytest.raises(BundleError, match="its 'detector' is no MONAI RetinaNetDetector") as refused:
        DetectionPredictor(open_small("nodule_detection", {"detector": "$torch.nn.Identity()"}))
    assert refused.value.exit_code == 4

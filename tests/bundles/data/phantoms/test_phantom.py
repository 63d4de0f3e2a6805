"""The finished phantom: determinism, truth against labels, HU, anatomy."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from nodulescope.bundles.coordinates import world_to_index
from nodulescope.bundles.data.phantoms import NoduleSpec, Patient, PhantomScan, Scanner, make_phantom
from nodulescope.bundles.data.phantoms.nodules import CALCIFIED_HU, GROUND_GLASS_HU, SOLID_HU
from nodulescope.bundles.errors import InputError, UsageError

PATIENT = Patient(vessels_per_litre=600.0)

COARSE = Scanner(spacing_mm=(2.0, 2.0, 2.5))

SPECS = (
    NoduleSpec("solid", 12.0, sphericity=0.9, lobulation=0.1, spiculation=0.0, place="isolated"),
    NoduleSpec("part-solid", 16.0, lobulation=0.3, spiculation=0.2, place="isolated"),
    NoduleSpec("ground-glass", 14.0, place="isolated"),
    NoduleSpec("calcified", 10.0, sphericity=1.0, lobulation=0.0, place="isolated"),
    NoduleSpec("solid", 8.0, place="vessel"),
    NoduleSpec("solid", 18.0, spiculation=0.8, lobulation=0.5, place="pleura"),
    NoduleSpec("solid", 36.0, spiculation=0.5, lobulation=0.6, place="pleura"),
    NoduleSpec("solid", 4.0, place="isolated"),
)


@pytest.fixture(scope="module")
def phantom() -> PhantomScan:
    """A coarse phantom that holds :data:`SPECS`."""
    return make_phantom(3, scanner=COARSE, patient=PATIENT, nodules=SPECS)


def digest(scan: PhantomScan) -> str:
    parts = (scan.ct.hu.tobytes(), scan.lungs.tobytes(), scan.nodules_label.tobytes(), json.dumps(scan.truth_dict()).encode())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def test_same_seed_same_bytes() -> None:
    small = Patient(half_width_mm=105.0, lung_height_mm=160.0, vessels_per_litre=200.0)
    scans = [make_phantom(3, scanner=Scanner((3.0, 3.0, 4.0)), patient=small, nodules=SPECS[:3]) for _ in range(2)]
    assert digest(scans[0]) == digest(scans[1])


def test_another_seed_another_phantom() -> None:
    quick = Patient(vessels_per_litre=50.0)
    one, other = (make_phantom(seed, scanner=Scanner((4.0, 4.0, 5.0)), patient=quick, nodules=()) for seed in (3, 4))
    assert not np.array_equal(one.ct.hu, other.ct.hu)
    assert other.truth == ()
    assert not other.nodules_label.any()


def test_source_and_types(phantom: PhantomScan) -> None:
    assert phantom.ct.source.kind == "phantom"
    assert phantom.ct.hu.dtype == np.float32
    assert phantom.lungs.dtype == phantom.nodules_label.dtype == np.uint8
    assert phantom.lungs.shape == phantom.nodules_label.shape == phantom.ct.shape
    assert phantom.ct.spacing_mm == (2.0, 2.0, 2.5)
    assert np.array_equal(phantom.ct.hu, np.rint(phantom.ct.hu))
    assert phantom.ct.hu.min() >= -1024
    assert phantom.ct.hu.max() <= 3071


def test_label_volume_is_true_volume(phantom: PhantomScan) -> None:
    voxel = phantom.ct.voxel_volume_mm3
    for nodule in phantom.truth:
        volume = np.count_nonzero(phantom.nodules_label == nodule.id) * voxel
        assert abs(volume - nodule.volume_mm3) <= voxel / 2 + 1e-6


def test_volume_at_one_millimetre_within_three_percent() -> None:
    specs = (NoduleSpec("solid", 8.0), NoduleSpec("part-solid", 12.0), NoduleSpec("solid", 20.0, spiculation=0.9, place="pleura"))
    small = Patient(half_width_mm=100.0, half_depth_mm=75.0, lung_height_mm=150.0, fat_mm=4.0, muscle_mm=6.0, vessels_per_litre=100.0)
    scan = make_phantom(8, scanner=Scanner((1.0, 1.0, 1.0)), patient=small, nodules=specs)
    for nodule in scan.truth:
        volume = np.count_nonzero(scan.nodules_label == nodule.id) * scan.ct.voxel_volume_mm3
        assert volume == pytest.approx(nodule.volume_mm3, rel=0.03)


def test_centre_lies_in_its_label(phantom: PhantomScan) -> None:
    for nodule in phantom.truth:
        i, j, k = np.rint(world_to_index(phantom.ct.affine_lps, nodule.center_lps_mm)).astype(int)
        assert phantom.nodules_label[i, j, k] == nodule.id
        voxels = np.argwhere(phantom.nodules_label == nodule.id)
        middle = voxels.mean(axis=0) @ phantom.ct.affine_lps[:3, :3].T + phantom.ct.affine_lps[:3, 3]
        assert np.linalg.norm(middle - nodule.center_lps_mm) < 1.5


def test_nodules_lie_in_the_lung_of_their_side(phantom: PhantomScan) -> None:
    for nodule in phantom.truth:
        sides = np.unique(phantom.lungs[phantom.nodules_label == nodule.id])
        assert sides.tolist() == [2 if nodule.side == "left" else 1]
        assert (nodule.center_lps_mm[0] > 0) == (nodule.side == "left")


def test_every_kind_and_place_as_asked(phantom: PhantomScan) -> None:
    assert [n.kind for n in phantom.truth] == [s.kind for s in SPECS]
    assert [n.place for n in phantom.truth] == [s.place for s in SPECS]
    for nodule, spec in zip(phantom.truth, SPECS, strict=True):
        assert nodule.mean_diameter_mm == pytest.approx(spec.diameter_mm, rel=0.1)
        assert nodule.long_axis_mm >= nodule.short_axis_mm > 0
        assert nodule.mean_diameter_mm == pytest.approx((nodule.long_axis_mm + nodule.short_axis_mm) / 2)


def test_only_what_exceeds_thirty_millimetres_is_a_mass(phantom: PhantomScan) -> None:
    assert [n.is_mass for n in phantom.truth] == [s.diameter_mm > 30 for s in SPECS]


def test_only_part_solid_nodules_have_a_solid_part(phantom: PhantomScan) -> None:
    for nodule in phantom.truth:
        if nodule.kind == "part-solid":
            assert nodule.solid_diameter_mm is not None
            assert 0.2 * nodule.mean_diameter_mm < nodule.solid_diameter_mm < 0.9 * nodule.mean_diameter_mm
        else:
            assert nodule.solid_diameter_mm is None


@pytest.mark.parametrize(
    ("number", "low", "high"),
    [
        (1, SOLID_HU[0] - 15, SOLID_HU[1] + 15),
        (3, GROUND_GLASS_HU[0] - 60, GROUND_GLASS_HU[1] + 60),
        (4, CALCIFIED_HU[0] - 40, CALCIFIED_HU[1] + 20),
    ],
)
def test_hu_of_kinds(phantom: PhantomScan, number: int, low: float, high: float) -> None:
    nodule = phantom.truth[number - 1]
    i, j, k = np.rint(world_to_index(phantom.ct.affine_lps, nodule.center_lps_mm)).astype(int)
    core = phantom.ct.hu[i - 1 : i + 2, j - 1 : j + 2, k]
    assert low <= np.median(core) <= high


def test_part_solid_core_is_denser_than_its_rim(phantom: PhantomScan) -> None:
    inside = phantom.ct.hu[phantom.nodules_label == 2]
    assert np.percentile(inside, 95) > -100
    assert np.percentile(inside, 25) < -350


def test_lungs_hold_air_and_have_the_volume_of_lungs(phantom: PhantomScan) -> None:
    volumes = phantom.lung_volumes_ml()
    assert 2000 < volumes["total"] < 8000
    assert volumes["right"] > volumes["left"] > 800
    assert -900 < np.median(phantom.ct.hu[phantom.lungs > 0]) < -820
    right, left = (np.argwhere(phantom.lungs == label)[:, 0].mean() for label in (1, 2))
    assert left > right


@pytest.mark.parametrize("seed", range(3))
def test_drawn_patients_have_plausible_lungs(seed: int) -> None:
    scan = make_phantom(seed, scanner=Scanner((4.0, 4.0, 5.0)), nodules=())
    assert 2000 < scan.lung_volumes_ml()["total"] < 8000
    touches = [bool(scan.lungs[:, :, k].any()) for k in (0, -1)]
    assert touches == [False, False]


def test_circular_field_of_view_is_padding() -> None:
    scan = make_phantom(1, scanner=Scanner((4.0, 4.0, 5.0), field_of_view_mm=320.0), patient=Patient(vessels_per_litre=50.0), nodules=())
    assert scan.ct.shape[:2] == (80, 80)
    assert scan.ct.padding is not None
    assert scan.ct.padding.mean() == pytest.approx(1 - np.pi / 4, abs=0.02)
    assert (scan.ct.hu[scan.ct.padding] == -1000).all()
    assert not scan.ct.padding[40, 40].any()


def test_truth_survives_json(phantom: PhantomScan) -> None:
    truth = phantom.truth_dict()
    assert json.loads(json.dumps(truth)) == truth
    assert truth["seed"] == 3
    assert truth["scanner"]["spacing_mm"] == [2.0, 2.0, 2.5]
    assert [n["id"] for n in truth["nodules"]] == list(range(1, len(SPECS) + 1))


def test_contrast_medium_brightens_the_heart() -> None:
    plain, bright = (
        make_phantom(2, scanner=Scanner((4.0, 4.0, 5.0), noise_hu=0.0), patient=Patient(contrast_hu=c, vessels_per_litre=50.0), nodules=())
        for c in (0.0, 250.0)
    )
    difference = bright.ct.hu - plain.ct.hu
    assert difference.max() == pytest.approx(250.0, abs=2.0)
    assert difference.min() >= 0.0


def test_refuses_what_cannot_be() -> None:
    with pytest.raises(UsageError, match="seed"):
        make_phantom(-1)
    with pytest.raises(InputError, match="no room"):
        make_phantom(1, scanner=Scanner((4.0, 4.0, 5.0)), patient=Patient(vessels_per_litre=0.0), nodules=[NoduleSpec("solid", 60.0)] * 30)

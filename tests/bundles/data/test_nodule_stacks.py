from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from nodulescope.bundles.data.nodule_stacks import NoduleStack, blend_into, blend_slab_into, read_nodule_stacks
from nodulescope.bundles.nodule_grading.ratings import READER_RATINGS

TISSUE = np.full((64, 64, 64), -870.0, np.float32)


def stack(diameter_mm: float, spacing: tuple[float, float, float] = (0.7, 0.7, 2.5), slices: int | None = None) -> NoduleStack:
    """A ball of 40 HU in air of -800 HU, a little off the middle, which two readers saw alike and a third one smaller."""
    count = slices or math.ceil(diameter_mm / spacing[2])
    shape = (64, 64, count)
    offset = (np.moveaxis(np.indices(shape), 0, -1) - (33.0, 30.0, (count - 1) / 2)) * spacing
    radius = np.linalg.norm(offset, axis=-1)
    readers = np.where(radius <= diameter_mm / 2, 0b011, 0) | np.where(radius <= diameter_mm / 4, 0b100, 0)
    hu = np.where(radius <= diameter_mm / 2, 40.0, -800.0)
    return NoduleStack("n1", "LIDC-IDRI-0001", hu.astype(np.float32), readers.astype(np.uint8), spacing, ((3.0,) * 8,) * 3)


def test_agreement_is_the_share_of_readers() -> None:
    assert set(np.round(stack(12.0).agreement, 3).ravel()) == {0.0, np.float32(0.667), 1.0}


def test_a_nodule_lies_in_the_middle_at_its_size() -> None:
    blended = blend_into(stack(15.0), TISSUE)
    assert blended is not None
    hu, consensus = blended.hu, blended.consensus
    np.testing.assert_allclose(np.argwhere(consensus).mean(axis=0), [31.5] * 3, atol=0.3)
    assert np.cbrt(6 * consensus.sum() / np.pi) == pytest.approx(15.0, abs=0.5)
    assert hu[32, 32, 32] == pytest.approx(40.0)
    assert float(hu[consensus].mean()) > -200


def test_beyond_the_stack_the_tissue_comes_in_softly() -> None:
    blended = blend_into(stack(15.0), TISSUE)
    assert blended is not None
    along = blended.hu[18, 18]  # beside the nodule, through all slices: -800 HU in the stack, -870 outside
    assert along[31] == pytest.approx(-800.0)
    assert along[0] == along[-1] == pytest.approx(-870.0)
    assert np.abs(np.diff(along)).max() < 40.0
    assert ((along > -869) & (along < -801)).sum() >= 2


def test_each_reader_keeps_an_outline_of_their_own() -> None:
    blended = blend_into(stack(15.0), TISSUE)
    assert blended is not None
    wide, same, narrow = (int(reader.sum()) for reader in blended.readers)
    assert wide == same
    assert narrow == pytest.approx(wide / 8, rel=0.35)
    assert (blended.readers[0] >= blended.readers[2]).all()


def test_a_slab_without_a_nodule_has_the_same_seams() -> None:
    slab = np.full((64, 64, 6), -800.0, np.float32)
    cube = blend_slab_into(slab, (0.7, 0.7, 2.5), TISSUE)
    along = cube[32, 32]
    assert along[31] == pytest.approx(-800.0)
    assert along[0] == along[-1] == pytest.approx(-870.0)
    assert 14 <= int((along > -835).sum()) <= 16  # 15 mm to where slab and tissue weigh the same
    assert int((along > -801).sum()) < 15  # and a ramp within


def test_a_nodule_without_consensus_is_none() -> None:
    alone = stack(12.0)
    assert blend_into(NoduleStack("n", "p", alone.hu, (alone.readers & 0b100), alone.spacing_mm, alone.ratings), TISSUE) is None


@pytest.mark.parametrize(("diameter_mm", "slices"), [(4.0, 1), (6.0, 2), (9.0, 4), (15.0, 6)])
def test_an_outline_keeps_its_volume_because_a_slice_stands_for_its_thickness(diameter_mm: float, slices: int) -> None:
    drawn = stack(diameter_mm, slices=slices)
    blended = blend_into(drawn, TISSUE)
    assert blended is not None
    drawn_mm3 = (drawn.readers > 0).sum() * 0.7 * 0.7 * 2.5
    assert blended.readers[0].sum() == pytest.approx(drawn_mm3, rel=0.22)  # a voxel more or less at each border
    assert np.ptp(np.nonzero(blended.consensus)[2]) + 1 == pytest.approx(slices * 2.5, abs=1.0)


def test_an_outline_ends_where_stack_and_tissue_weigh_the_same() -> None:
    blended = blend_into(stack(9.0, slices=4), TISSUE)
    assert blended is not None
    middle = blended.hu[31, 31].astype(float)
    halfway = (middle.max() + TISSUE[0, 0, 0]) / 2
    assert int((middle > halfway).sum()) == pytest.approx(int(blended.consensus[31, 31].sum()), abs=1)


def write_table(folder: Path, rows: list[dict[str, object]], images: np.ndarray, masks: np.ndarray) -> None:
    np.savez(folder / "nodules_64x64.npz", image=images, mask=masks)
    columns = [
        "key",
        "patient",
        "series_uid",
        "first_slice",
        "n_slices",
        "spacing_x",
        "dz_mm",
        *(f"{name}_readers" for name in READER_RATINGS),
    ]
    with (folder / "nodules.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def test_stacks_are_read_with_units_axes_and_every_reader(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64)).astype(np.uint8)
    masks = np.random.default_rng(1).integers(0, 4, (5, 64, 64)).astype(np.uint8)
    ratings = {f"{name}_readers": f"{n % 5 + 1};{'' if name == 'margin' else n % 3 + 1}" for n, name in enumerate(READER_RATINGS)}
    first = {"key": "a", "patient": "LIDC-IDRI-0003", "first_slice": 0, "n_slices": 2, "spacing_x": 0.75, "dz_mm": 1.25, **ratings}
    unknown = {**first, "key": "b", "first_slice": 2, "n_slices": 1, "dz_mm": ""}
    last = {**first, "key": "c", "first_slice": 3, "n_slices": 2}
    write_table(tmp_path, [first, unknown, last], images, masks)
    read = list(read_nodule_stacks(tmp_path))
    assert [s.key for s in read] == ["a", "c"]
    assert (read[0].patient, read[0].spacing_mm) == ("LIDC-IDRI-0003", (0.75, 0.75, 1.25))
    assert read[1].hu.shape == (64, 64, 2)
    assert read[1].hu[5, 9, 1] == pytest.approx(images[4, 9, 5] / 255 * 1400 - 1000, abs=1e-3)  # (column, row, slice)
    np.testing.assert_array_equal(read[0].readers, masks[:2].transpose(2, 1, 0))
    assert read[0].ratings[0] == tuple(float(n % 5 + 1) for n in range(8))
    assert math.isnan(read[0].ratings[1][READER_RATINGS.index("margin")])
    assert read[0].ratings[1][0] == 1.0


def test_a_spacing_that_the_row_leaves_out_is_looked_up_by_series(tmp_path: Path) -> None:
    arrays = np.zeros((2, 64, 64), np.uint8)
    row: dict[str, object] = {
        "key": "a",
        "patient": "p",
        "series_uid": "1.2.3",
        "first_slice": 0,
        "n_slices": 2,
        "spacing_x": "",
        "dz_mm": "",
    }
    row |= {f"{name}_readers": "3" for name in READER_RATINGS}
    write_table(tmp_path, [row], arrays, arrays)
    headers = tmp_path / "headers.csv"
    headers.write_text("seriesuid,sx,sy,sz\n1.2.3,0.625,0.625,1.8\n")
    assert list(read_nodule_stacks(tmp_path)) == []
    assert [s.spacing_mm for s in read_nodule_stacks(tmp_path, headers)] == [(0.625, 0.625, 1.8)]


def test_the_real_table_is_whole(shared_data: Path) -> None:
    count = 0
    for nodule in read_nodule_stacks(shared_data / "lidc" / "nodules"):
        count += 1
        assert nodule.hu.shape == nodule.readers.shape
        assert nodule.hu.shape[:2] == (64, 64)
        assert 0.4 < nodule.spacing_mm[0] < 1.0
        assert 1 <= len(nodule.ratings) <= 4
        assert all(1 <= v <= 6 or math.isnan(v) for reader in nodule.ratings for v in reader)
    assert count > 1500

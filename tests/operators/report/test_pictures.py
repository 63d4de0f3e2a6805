from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.coordinates import world_to_index
from nodulescope.operators.report.pictures import cut, jpeg_uri, sheet, sheet_columns, to_levels, window_table, windowed
from nodulescope.operators.report.planes import Plane


def linear_ct(orientation: tuple[tuple[int, ...], tuple[int, ...]]) -> CTVolume:
    """A CT whose density is 2 x + 3 y - 5 z (LPS mm), stored in any orientation: linear interpolation is exact on it."""
    axes, signs = orientation
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(axes)] * signs * (1.5, 1.0, 2.5)
    corner = affine[:3, :3] @ (19.5, 19.5, 19.5)
    affine[:3, 3] = -corner
    points = np.moveaxis(np.indices((40, 40, 40)), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return CTVolume((points @ (2.0, 3.0, -5.0)).astype(np.float32), affine, CTSource("phantom"))


def test_cut_finds_the_same_tissue_in_every_orientation(orientation: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    plane = Plane("axial", (1.0, -2.0, 3.0), field_mm=8.0, pixels=8)
    planes = cut(linear_ct(orientation), plane, normal_step_mm=2.0, count=3)
    s, r, c = np.indices((3, 8, 8))
    expected = 2 * (1 - 3.5 + c) + 3 * (-2 - 3.5 + r) - 5 * (3 + 2 * s)
    np.testing.assert_allclose(planes, expected, atol=1e-3)


def test_cut_coronal_has_the_head_on_top() -> None:
    picture = cut(linear_ct(((0, 1, 2), (1, 1, 1))), Plane("coronal", (0.0, 0.0, 0.0), 8.0, 8))[0]
    r, c = np.indices((8, 8))
    np.testing.assert_allclose(picture, 2 * (c - 3.5) - 5 * (3.5 - r), atol=1e-3)


def test_outside_the_scan_is_air() -> None:
    ct = linear_ct(((0, 1, 2), (1, 1, 1)))
    assert (cut(ct, Plane("axial", (0.0, 0.0, 500.0), 16.0, 8)) == -1000).all()
    half = cut(ct, Plane("axial", (ct.affine_lps[0, 3], 0.0, 0.0), 16.0, 8))[0]
    assert (half[:, :4] == -1000).all() and (half[:, 4:] > -200).all()
    assert world_to_index(ct.affine_lps, (ct.affine_lps[0, 3], 0, 0))[0] == pytest.approx(0)


@pytest.mark.parametrize(("window", "low", "high"), [("lung", -1350, 150), ("mediastinum", -160, 240)])
def test_the_browser_shows_the_window_from_stored_levels(window: str, low: float, high: float) -> None:
    hu = np.arange(-1500, 500, dtype=np.float32)
    table = window_table(window)
    shown = np.interp(to_levels(hu) / 255, np.linspace(0, 1, len(table)), table)
    step = 10.0 / (high - low) if window == "lung" else 3.2 / (high - low)
    np.testing.assert_allclose(shown, np.clip((hu - low) / (high - low), 0, 1), atol=0.5 * step + 0.012)
    assert min(table) == 0 and max(table) == 1


@pytest.mark.parametrize(("window", "grey"), [("lung", {-1350: 0, -600: 128, 150: 255}), ("mediastinum", {-160: 0, 40: 128, 240: 255})])
def test_windowed_pictures_for_paper(window: str, grey: dict[int, int]) -> None:
    levels = to_levels(np.array([list(grey)], dtype=np.float32))
    np.testing.assert_allclose(windowed(levels, window)[0], list(grey.values()), atol=2)


def test_sheet_lays_tiles_row_by_row() -> None:
    tiles = np.stack([np.full((8, 8), n, dtype=np.uint8) for n in range(5)])
    assert sheet_columns(5) == 3
    laid = sheet(tiles)
    assert laid.shape == (16, 24)
    np.testing.assert_array_equal(laid[::8, ::8], [[0, 1, 2], [3, 4, 0]])


def test_sheet_refuses_tiles_that_bleed() -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        sheet(np.zeros((2, 12, 12), dtype=np.uint8))


def test_data_uris_hold_the_picture() -> None:
    picture = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    jpeg = Image.open(io.BytesIO(base64.b64decode(jpeg_uri(picture).removeprefix("data:image/jpeg;base64,"))))
    assert jpeg.format == "JPEG" and jpeg.mode == "L"
    np.testing.assert_allclose(np.asarray(jpeg, dtype=int), picture, atol=6)

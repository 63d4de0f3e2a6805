from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import DigitalXRayImageStorageForPresentation

from nodulescope.bundles.contracts import CTVolume
from nodulescope.bundles.data.lidc.series import SliceHeader, read_series, read_slice_header, stack_slices
from nodulescope.bundles.errors import InputError
from nodulescope.operators.dicom.ct_series import write_ct_series

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def headers(positions: Sequence[float] = tuple(range(0, 24, 2)), **changes: Any) -> list[SliceHeader]:
    one = SliceHeader(Path("series/a.dcm"), "P", "1.1", "1.2", "", (64, 48), (0.5, 0.75), AXIAL, (0.0, 0.0, 0.0))
    return [replace(one, slice_uid=f"s{n}", position=(-10.0, 5.0, float(z)), **changes) for n, z in enumerate(positions)]


def test_slices_are_sorted_by_position_whatever_their_order() -> None:
    given = headers()
    series = stack_slices([*given[5:], *given[:5], given[3]])  # one of them twice: a copied file is no second slice
    assert series.slice_uids == tuple(f"s{n}" for n in range(12))
    assert series.slices["s7"] == 7
    np.testing.assert_allclose(series.affine_lps, [[0.5, 0, 0, -10], [0, 0.75, 0, 5], [0, 0, 2, 0], [0, 0, 0, 1]])


def test_a_patient_on_the_belly_is_axis_parallel_too() -> None:
    series = stack_slices(headers(orientation=(-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)))
    np.testing.assert_allclose(np.diag(series.affine_lps), [-0.5, -0.75, 2, 1])
    assert series.slice_uids[0] == "s0"


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([*range(0, 10, 2), *range(12, 24, 2)], r"1 slice\(s\) missing, the first between 8\.00 and 12\.00 mm"),
        ([*range(0, 24, 2), 4.0], r"1 position\(s\) hold more than one slice, the first at 4\.00 mm"),
        ([*range(0, 20, 2), 20.5, 22.0], "not evenly spaced"),
        (range(9), "64 x 48 x 9 voxels are too few"),
    ],
)
def test_what_is_no_regular_grid_is_refused(positions: Sequence[float], message: str) -> None:
    with pytest.raises(InputError, match=f"^series: .*{message}"):
        stack_slices(headers(positions))


def test_mixed_slices_are_refused() -> None:
    given = headers()
    with pytest.raises(InputError, match="2 different sizes, spacings or orientations"):
        stack_slices([*given[:-1], replace(given[-1], size=(64, 64))])
    with pytest.raises(InputError, match="different patients or studies"):
        stack_slices([*given[:-1], replace(given[-1], patient="Q")])


def test_a_tilted_gantry_is_refused() -> None:
    tilted = [replace(h, position=(0.0, 0.1 * h.position[2], h.position[2])) for h in headers()]
    with pytest.raises(InputError, match=r"tilted or turned by 5\.7 degrees"):
        stack_slices(tilted)


def test_a_series_is_read_as_it_was_written(make_ct: Callable[..., CTVolume], tmp_path: Path) -> None:
    ct = make_ct(shape=(20, 16, 12), spacing=(0.7, 0.7, 2.5))
    ct.hu[:2] = -2048.0  # padding of LIDC-IDRI
    write_ct_series(ct, tmp_path, patient_id="P", patient_name="N", intercept=-1000.0, slope=1.0)
    found = [header for file in tmp_path.iterdir() if (header := read_slice_header(file))]
    volume = read_series(stack_slices(found))
    np.testing.assert_allclose(volume.affine_lps, ct.affine_lps, atol=1e-4)
    np.testing.assert_array_equal(volume.hu[2:], ct.hu[2:])
    assert (volume.hu[:2] == -1000.0).all()
    assert volume.source.series_instance_uid == found[0].series_uid


def test_other_files_are_passed_over(make_ct: Callable[..., CTVolume], tmp_path: Path) -> None:
    (tmp_path / "notes.dcm").write_bytes(b"no DICOM")
    file = write_ct_series(make_ct(), tmp_path / "series", patient_id="P", patient_name="N")[0]
    radiograph = dcmread(file)
    radiograph.file_meta.MediaStorageSOPClassUID = radiograph.SOPClassUID = DigitalXRayImageStorageForPresentation
    radiograph.save_as(tmp_path / "radiograph.dcm")
    assert read_slice_header(tmp_path / "notes.dcm") is None
    assert read_slice_header(tmp_path / "radiograph.dcm") is None


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("ImagePositionPatient", None), ("ImagePositionPatient", ["1", "2"]), ("PixelSpacing", ["0", "1"]), ("SOPInstanceUID", None)],
)
def test_a_header_without_geometry_is_refused(make_ct: Callable[..., CTVolume], tmp_path: Path, keyword: str, value: Any) -> None:
    file = write_ct_series(make_ct(), tmp_path, patient_id="P", patient_name="N")[0]
    dataset = dcmread(file)
    if value is None:
        delattr(dataset, keyword)
    else:
        setattr(dataset, keyword, value)
    dataset.save_as(file)
    with pytest.raises(InputError, match="its geometry or one of its UIDs is missing or malformed") as error:
        read_slice_header(file)
    assert str(file) in str(error.value)


def test_truncated_pixels_are_told_in_one_line(make_ct: Callable[..., CTVolume], tmp_path: Path) -> None:
    files = write_ct_series(make_ct(), tmp_path, patient_id="P", patient_name="N")
    series = stack_slices([header for file in files if (header := read_slice_header(file))])
    files[4].write_bytes(files[4].read_bytes()[:-60])
    with pytest.raises(InputError, match="truncated or damaged") as error:
        read_series(series)
    assert str(error.value).count("\n") == 0 and str(tmp_path) in str(error.value)

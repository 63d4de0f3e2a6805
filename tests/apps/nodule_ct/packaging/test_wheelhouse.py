from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.apps.nodule_ct.packaging.wheelhouse import choose_wheels, sha256_of
from nodulescope.bundles.errors import InputError

MakeWheel = Callable[..., Path]


def test_the_file_of_the_lock_goes_before_other_builds(tmp_path: Path, make_wheel: MakeWheel) -> None:
    make_wheel(tmp_path, "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl", "with CUDA")
    locked = make_wheel(tmp_path, "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl", "for the CPU")
    pin = Pin("torch", "2.13.0+cpu", sha256_of(locked))
    (wheel,) = choose_wheels(tmp_path, [pin])
    assert (wheel.file, wheel.pin, wheel.differs) == (locked, pin, False)


def test_another_build_is_taken_with_its_own_hash_and_marked(tmp_path: Path, make_wheel: MakeWheel) -> None:
    own = make_wheel(tmp_path, "torch-2.13.0+hospital-cp311-cp311-linux_x86_64.whl")
    (wheel,) = choose_wheels(tmp_path, [Pin("torch", "2.13.0+cpu", "a" * 64)])
    assert (wheel.pin, wheel.differs) == (Pin("torch", "2.13.0+hospital", sha256_of(own)), True)


@pytest.mark.parametrize(
    "name",
    [
        "numpy-2.4.5-cp311-cp311-manylinux_2_28_x86_64.whl",
        "numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl",
        "numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl",
        "numpy-2.4.6-cp311-cp311-manylinux_2_39_x86_64.whl",
        "numpy.whl",
    ],
)
def test_a_wheel_that_does_not_fit_is_no_wheel(name: str, tmp_path: Path, make_wheel: MakeWheel) -> None:
    make_wheel(tmp_path, name)
    with pytest.raises(InputError, match=r"no wheel for CPython 3\.11 on Linux x86-64 of numpy==2\.4\.6; download"):
        choose_wheels(tmp_path, [Pin("numpy", "2.4.6", "a" * 64)])


@pytest.mark.parametrize(
    ("name", "version", "file"),
    [
        ("simpleitk", "2.5.7", "simpleitk-2.5.7-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"),
        ("typing-extensions", "4.16.0", "typing_extensions-4.16.0-py3-none-any.whl"),
        ("protobuf", "6.33.6", "protobuf-6.33.6-cp39-abi3-manylinux2014_x86_64.whl"),
        ("colorama", "0.4.6", "colorama-0.4.6-py2.py3-none-any.whl"),
    ],
)
def test_every_kind_of_fitting_wheel_is_found(name: str, version: str, file: str, tmp_path: Path, make_wheel: MakeWheel) -> None:
    made = make_wheel(tmp_path, file)
    (wheel,) = choose_wheels(tmp_path, [Pin(name, version, "a" * 64)])
    assert wheel.file == made


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        choose_wheels(tmp_path / "nowhere", [])

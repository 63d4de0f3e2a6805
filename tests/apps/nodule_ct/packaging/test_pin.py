from __future__ import annotations

import pytest

from nodulescope.apps.nodule_ct.packaging.pin import Pin
from nodulescope.bundles.errors import InputError

LINE = f"torch==2.13.0+cpu --hash=sha256:{'a' * 64}"


def test_a_line_is_read_and_written() -> None:
    pin = Pin.parse(LINE)
    assert pin == Pin("torch", "2.13.0+cpu", "a" * 64)
    assert pin.line() == LINE
    assert pin.public_version == "2.13.0"


@pytest.mark.parametrize("line", ["torch==2.13.0", "torch>=2 --hash=sha256:" + "a" * 64, LINE[:-1], LINE + " --hash=sha256:" + "b" * 64])
def test_anything_that_is_not_one_file_is_refused(line: str) -> None:
    with pytest.raises(InputError, match=r"requirements\.txt"):
        Pin.parse(line)

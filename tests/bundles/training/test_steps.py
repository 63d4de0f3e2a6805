from __future__ import annotations

import pytest
from torch.utils.data import DataLoader

from nodulescope.bundles.errors import InputError
from nodulescope.bundles.training.steps import steps_in_all


@pytest.mark.parametrize(("items", "drop_last", "expected"), [(8, True, 6), (10, True, 6), (10, False, 9), (3, False, 3)])
def test_steps(items: int, drop_last: bool, expected: int) -> None:
    assert steps_in_all(3, DataLoader(range(items), batch_size=4, drop_last=drop_last)) == expected  # type: ignore[arg-type]  # a range is a dataset


def test_fewer_items_than_a_batch_are_refused() -> None:
    with pytest.raises(InputError, match=r"^training needs a whole batch of 4 items, and the datalist gives 3; .*batch_size to 3 or less$"):
        steps_in_all(3, DataLoader(range(3), batch_size=4, drop_last=True))  # type: ignore[arg-type]  # a range is a dataset


def test_no_items_at_all_are_refused() -> None:
    with pytest.raises(InputError, match=r"gives 0; add items$"):
        steps_in_all(3, DataLoader(range(0), batch_size=4, drop_last=True))  # type: ignore[arg-type]  # a range is a dataset

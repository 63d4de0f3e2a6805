from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nodulescope.federated.wire.arrays import size_of, to_arrays, to_tensors


def test_a_state_dict_comes_back_as_it_was() -> None:
    state = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict()
    back = to_tensors(to_arrays(state))
    assert list(back) == list(state)
    for name, value in state.items():
        assert back[name].shape == value.shape and back[name].dtype == value.dtype and torch.equal(back[name], value)


def test_half_precision_becomes_single_and_whole_numbers_stay() -> None:
    arrays = to_arrays({"half": torch.ones(2, dtype=torch.float16), "count": torch.tensor(3)})
    assert (arrays["half"].dtype, arrays["count"].dtype) == (np.float32, np.int64)


def test_arrays_are_no_view_of_the_network() -> None:
    value = torch.zeros(2)
    arrays = to_arrays({"a": value})
    value += 1
    assert not arrays["a"].any()


def test_size_counts_bytes() -> None:
    assert size_of({"a": np.zeros(3, np.float32), "n": np.array(1, np.int64), "text": "no array"}) == 20

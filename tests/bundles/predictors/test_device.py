from __future__ import annotations

import pytest
import torch

from nodulescope.bundles.errors import UsageError
from nodulescope.bundles.predictors import choose_device


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    assert choose_device() == choose_device("auto") == torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["tpu9", "", "cuda:x", "meta", "mps", "gpu"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"^--device {name}: choose auto, cpu, cuda or cuda:N$"):
        choose_device(name)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    count = torch.cuda.device_count()
    with pytest.raises(UsageError, match=f"this machine has {count} CUDA devices; use cpu or auto"):
        choose_device(f"cuda:{count}")

import numpy as np
import pytest

from nodulescope.bundles.errors import InputError
from nodulescope.federated.privacy.clipped_noise import clip_and_noise

TINY = 1e-9
"""A noise multiplier that shows the clipping alone."""


def _update(scale=1.0):
    return {"conv.weight": np.full((4, 4), scale, np.float32), "conv.bias": np.full(9, scale, np.float32)}  # norm 5 at a scale of 1


def test_a_long_update_is_scaled_as_a_whole():
    noisy, norm = clip_and_noise(_update(), 1.0, TINY, np.random.default_rng(0))
    assert norm == pytest.approx(5.0)
    np.testing.assert_allclose(noisy["conv.weight"], 0.2, rtol=1e-6)
    np.testing.assert_allclose(noisy["conv.bias"], 0.2, rtol=1e-6)


def test_a_short_update_stays_as_it_is():
    noisy, norm = clip_and_noise(_update(0.1), 1.0, TINY, np.random.default_rng(0))
    assert norm == pytest.approx(0.5)
    np.testing.assert_allclose(noisy["conv.weight"], 0.1, rtol=1e-6)


def test_noise_has_the_promised_size_and_is_new_each_time():
    update = {"w": np.zeros(200_000, np.float32)}
    rng = np.random.default_rng(1)
    first, second = (clip_and_noise(update, 0.5, 2.0, rng)[0]["w"] for _ in range(2))
    assert first.std() == pytest.approx(1.0, rel=0.01)
    assert first.mean() == pytest.approx(0.0, abs=0.01)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01


def test_types_stay_and_counters_tell_nothing():
    update = {"w": np.ones(3, np.float16), "num_batches_tracked": np.array(217, np.int64)}
    noisy, norm = clip_and_noise(update, 10.0, 1.0, np.random.default_rng(2))
    assert {name: value.dtype for name, value in noisy.items()} == {"w": np.float16, "num_batches_tracked": np.int64}
    assert noisy["num_batches_tracked"] == 0
    assert norm == pytest.approx(3**0.5)


def test_the_given_update_is_not_changed():
    update = _update()
    clip_and_noise(update, 1.0, 1.0, np.random.default_rng(3))
    np.testing.assert_array_equal(update["conv.weight"], 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_stop_the_release(bad):
    update = _update()
    update["conv.bias"][3] = bad
    with pytest.raises(InputError, match=r"conv\.bias: holds values that are not finite"):
        clip_and_noise(update, 1.0, 1.0, np.random.default_rng(4))


def test_an_empty_change_still_gets_noise():
    noisy, _ = clip_and_noise({"w": np.zeros(100)}, 1.0, 1.0, np.random.default_rng(5))
    assert noisy["w"].std() > 0.5

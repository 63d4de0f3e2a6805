from __future__ import annotations

import torch

from nodulescope.bundles.nodule_segmentation.network import CUE_MM, CenteredUNet


def network() -> CenteredUNet:
    torch.manual_seed(0)
    return CenteredUNet(channels=(4, 6, 8), strides=(1, 2)).eval()


def test_an_outline_has_the_cube_s_shape_whatever_its_size() -> None:
    for size in (16, 24, 32):
        assert network()(torch.rand(2, 1, size, size, size)).shape == (2, 1, size, size, size)


def test_the_middle_looks_different_from_the_rest() -> None:
    """Of a uniform cube a plain convolution could tell nothing but its borders; this network must see where the middle is."""
    logits = network()(torch.full((1, 1, 48, 48, 48), 0.1))[0, 0]
    middle, beside = logits[22:26, 22:26, 22:26], logits[10:14, 22:26, 22:26]  # both far from the border
    far = logits[36:40, 22:26, 22:26]  # as far from the middle as `beside`, on its other side, and in the same phase of the grid
    assert float((middle.mean() - beside.mean()).abs()) > 10 * float((far.mean() - beside.mean()).abs())


def test_the_cue_is_a_ball_of_the_given_width() -> None:
    seen: list[torch.Tensor] = []
    net = network()
    net.unet.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(torch.zeros(1, 1, 32, 32, 32))
    cue = seen[0][0, 1]
    squared_distance = sum(((torch.arange(32) - 15.5) ** 2).reshape([-1 if a == axis else 1 for a in range(3)]) for axis in range(3))
    torch.testing.assert_close(cue, torch.exp(-0.5 * squared_distance / CUE_MM**2))

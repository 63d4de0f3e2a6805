from __future__ import annotations

import torch
from torch import nn

from nodulescope.bundles.lung_segmentation.inferer import DIVISOR, WholeScanInferer


class Remember(nn.Module):
    """Answers with the scan itself and remembers what it was given."""

    seen: torch.Tensor

    def forward(self, scan: torch.Tensor) -> torch.Tensor:
        self.seen = scan
        return torch.cat([scan, -scan, 2 * scan], dim=1)


def test_a_scan_of_any_size_passes_whole() -> None:
    network = Remember()
    scan = torch.rand(1, 1, 37, 16, 50)
    answer = WholeScanInferer(amp=False)(scan, network)
    torch.testing.assert_close(answer, torch.cat([scan, -scan, 2 * scan], dim=1))
    assert network.seen.shape == (1, 1, 48, 16, 64)
    assert all(edge % DIVISOR == 0 for edge in network.seen.shape[2:])
    assert float(network.seen[:, :, 37:].abs().max()) == 0.0  # air

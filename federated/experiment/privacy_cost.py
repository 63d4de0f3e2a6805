"""What each measure of privacy costs in accuracy: a small network on made-up cases, in federations that differ in nothing else.

``python -m nodulescope.federated.experiment.privacy_cost`` prints the table that stands in ``federated/docs/privacy.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nvflare.apis.dxo import DXO, DataKind, MetaKey, from_shareable
from nvflare.apis.fl_constant import FLContextKey, ReservedKey
from nvflare.apis.fl_context import FLContext
from torch import nn

from nodulescope.federated.privacy.encrypted_layer import EncryptedLayer
from nodulescope.federated.privacy.filters import result_filters
from nodulescope.federated.privacy.plan import PrivacyPlan
from nodulescope.federated.server.running_mean import RunningMean
from nodulescope.federated.wire.arrays import Arrays, to_arrays, to_tensors
from nodulescope.federated.wire.tasks import REPORT

SITES = 4
CASES = 200
TEST_CASES = 4000
INPUTS = 12
ROUNDS = 15
STEPS = 20
RATE = 0.01

PLANS: dict[str, dict[str, Any]] = {
    "none": {},
    "percentile": {"percentile": {}},
    "percentile, NVFlare's defaults": {"percentile": {"percentile": 10, "gamma": 0.01}},
    "sparse vector": {"sparse_vector": {}},
    "sparse vector, NVFlare's defaults": {"sparse_vector": {"fraction": 0.1, "epsilon": 0.1, "noise_var": 0.1, "gamma": 1e-5}},
    "gaussian, z 0.05": {"gaussian": {"clip_norm": 1.0, "noise_multiplier": 0.05}},
    "gaussian, z 0.2": {"gaussian": {"clip_norm": 1.0, "noise_multiplier": 0.2}},
    "gaussian, z 1": {"gaussian": {"clip_norm": 1.0, "noise_multiplier": 1.0}},
    "encrypted": {"encrypted": {"layers": "."}},
}
"""Name to measures; the keys of the last one are made for the occasion."""


@dataclass(frozen=True)
class Cost:
    """What one federation came to.

    Attributes:
        accuracy: share of test cases that the last weights get right.
        epsilon: that each site has spent at δ 0.00001; None without such a guarantee.
    """

    accuracy: float
    epsilon: float | None


def cost_of(measures: Mapping[str, Any], folder: Path, seed: int = 0) -> Cost:
    """Train a federation with some measures of privacy.

    Args:
        measures: as :meth:`PrivacyPlan.parse` reads them.
        folder: for the sites' records.
        seed: of cases and first weights.
    """
    rng = np.random.default_rng(seed)
    np.random.seed(seed)  # noqa: NPY002 - NVFlare's sparse vector draws from it
    torch.manual_seed(seed)
    truth = _network()
    cases = [_draw(truth, CASES, rng, shift=0.4 * (site - 1.5)) for site in range(SITES)]
    test = _draw(truth, TEST_CASES, rng, shift=0.0)
    plan = PrivacyPlan.parse(measures)
    sites = [_Site(plan, folder, f"site{number}") for number in range(SITES)]
    network = _network()
    weights: dict[str, Any] = dict(to_arrays(network.state_dict()))
    for number in range(1, ROUNDS + 1):
        mean = RunningMean()
        readable = {name: _read(value) for name, value in weights.items()}
        for site, (inputs, labels) in zip(sites, cases, strict=True):
            network.load_state_dict(to_tensors(readable))
            _train(network, inputs, labels)
            mean.add(site.send({name: value - readable[name] for name, value in to_arrays(network.state_dict()).items()}, number), CASES)
        weights = {name: weights[name] + change for name, change in mean.mean().items()}
    network.load_state_dict(to_tensors({name: np.asarray(_read(value), np.float32) for name, value in weights.items()}))
    with torch.no_grad():
        right = (network(test[0]).argmax(1) == test[1]).float().mean()
    return Cost(float(right), sites[0].epsilon)


class _Site:
    """A site's way out: the filters that it runs on what it sends."""

    def __init__(self, plan: PrivacyPlan, folder: Path, name: str) -> None:
        self.filters = result_filters(plan)
        self.encrypts = plan.encrypted is not None
        self.epsilon: float | None = None
        self.context = FLContext()
        self.context.set_prop(ReservedKey.IDENTITY_NAME, name, private=False, sticky=False)
        self.context.set_prop(FLContextKey.WORKSPACE_ROOT, str(folder), private=True, sticky=False)

    def send(self, change: Arrays, number: int) -> dict[str, Any]:
        shareable = DXO(DataKind.WEIGHT_DIFF, change, {MetaKey.NUM_STEPS_CURRENT_ROUND: STEPS, REPORT: {"round": number}}).to_shareable()
        for chosen in self.filters:
            shareable = chosen.process(shareable, self.context)
        sent = from_shareable(shareable)
        self.epsilon = sent.meta[REPORT].get("privacy", {}).get("epsilon")
        return {name: EncryptedLayer.encrypt(value, _keys()) if self.encrypts else value for name, value in sent.data.items()}


_made: list[Any] = []


def _keys() -> Any:
    """Keys as a kit has them, made once."""
    import tenseal

    if not _made:
        context = tenseal.context(
            tenseal.SCHEME_TYPE.CKKS, 8192, coeff_mod_bit_sizes=[60, 40, 40, 60], encryption_type=tenseal.ENCRYPTION_TYPE.SYMMETRIC
        )
        context.generate_relin_keys()
        context.global_scale = 2**40
        _made.append(context)
    return _made[0]


def _read(value: Any) -> Any:
    return value.decrypt(_keys().secret_key()) if isinstance(value, EncryptedLayer) else value.astype(np.float32)


def _network() -> nn.Module:
    return nn.Sequential(nn.Linear(INPUTS, 16), nn.Tanh(), nn.Linear(16, 2))


def _draw(truth: nn.Module, number: int, rng: np.random.Generator, shift: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Cases of a site, whose measurements are shifted against those of others."""
    inputs = torch.from_numpy(rng.normal(shift, 1.0, (number, INPUTS)).astype(np.float32))
    with torch.no_grad():
        answers = truth(inputs)
    return inputs, (answers[:, 0] > answers[:, 1]).long()


def _train(network: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    for step in range(STEPS):
        batch = slice(20 * (step % 10), 20 * (step % 10) + 20)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs[batch]), labels[batch]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def main() -> None:
    """Print the table."""
    print("| Measures | Accuracy | ε per site |\n|---|---|---|")  # noqa: T201
    for name, measures in PLANS.items():
        with tempfile.TemporaryDirectory() as folder:
            costs = [cost_of(measures, Path(tempfile.mkdtemp(dir=folder)), seed) for seed in range(5)]
        accuracy = np.array([cost.accuracy for cost in costs])
        epsilon = "none given" if costs[0].epsilon is None else f"{costs[0].epsilon:.3g}"
        print(f"| {name} | {accuracy.mean():.3f} ± {accuracy.std():.3f} | {epsilon} |")  # noqa: T201


if __name__ == "__main__":
    main()

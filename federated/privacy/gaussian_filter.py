"""NVFlare's place for the Gaussian mechanism: a filter on what a site sends. NVFlare itself brings none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from nvflare.apis.dxo import DXO, DataKind
from nvflare.apis.dxo_filter import DXOFilter
from nvflare.apis.fl_constant import FLContextKey
from nvflare.apis.fl_context import FLContext
from nvflare.apis.shareable import Shareable

from nodulescope.bundles.errors import InputError
from nodulescope.federated.privacy.clipped_noise import clip_and_noise
from nodulescope.federated.privacy.plan import Gaussian
from nodulescope.federated.privacy.spending import RECORD, SpendingRecord
from nodulescope.federated.wire.tasks import REPORT

PRIVACY = "privacy"
"""Under this name of the report a site tells what the update cost it; the ledger keeps it."""

KINDS = [DataKind.WEIGHT_DIFF, DataKind.WEIGHTS]


class GaussianPrivacy(DXOFilter):
    """Clip and noise a site's update, and keep account.

    The number of cases and the metrics that travel beside an update carry no noise.

    Args:
        clip_norm: see :class:`~nodulescope.federated.privacy.plan.Gaussian`, as for the others.
        noise_multiplier: likewise.
        delta: likewise.
        max_epsilon: likewise.

    Raises:
        UsageError: a value is out of its range.
    """

    def __init__(
        self, clip_norm: float = 1.0, noise_multiplier: float = 1.0, delta: float = 1e-5, max_epsilon: float | None = None
    ) -> None:
        # Whole weights are caught, to refuse them: a filter that does not name their kind would let them pass.
        super().__init__(supported_data_kinds=KINDS, data_kinds_to_filter=KINDS)
        Gaussian(clip_norm, noise_multiplier, delta, max_epsilon)
        # NVFlare writes a component's arguments into the job from attributes of the same names.
        self.clip_norm = clip_norm
        self.noise_multiplier = noise_multiplier
        self.delta = delta
        self.max_epsilon = max_epsilon
        self._rng = np.random.default_rng()  # seeded by the operating system

    def process_dxo(self, dxo: DXO, shareable: Shareable, fl_ctx: FLContext) -> DXO:
        """Filter one update.

        Raises:
            InputError: it is none, or holds values that are not finite, or the site's budget is spent. Nothing leaves then.
        """
        if dxo.data_kind != DataKind.WEIGHT_DIFF:
            raise InputError("differential privacy needs differences of weights, and the job sends whole weights; nothing is shared")
        noisy, _ = clip_and_noise(dxo.data, self.clip_norm, self.noise_multiplier, self._rng)
        record = SpendingRecord(self._record_path(fl_ctx))
        epsilon = record.add(
            self.noise_multiplier,
            job=str(fl_ctx.get_job_id()),
            round_number=int((dxo.get_meta_prop(REPORT) or {}).get("round", 0)),
            delta=self.delta,
            max_epsilon=self.max_epsilon,
        )
        dxo.data = noisy
        report = dict(dxo.get_meta_prop(REPORT) or {})
        dxo.set_meta_prop(REPORT, {**report, PRIVACY: self._told(epsilon, len(record.releases()))})
        return dxo

    def _told(self, epsilon: float, releases: int) -> dict[str, Any]:
        return {
            "mechanism": "gaussian",
            "epsilon": epsilon,
            "delta": self.delta,
            "releases": releases,
            "clip_norm": self.clip_norm,
            "noise_multiplier": self.noise_multiplier,
        }

    @staticmethod
    def _record_path(fl_ctx: FLContext) -> Path:
        workspace = fl_ctx.get_prop(FLContextKey.WORKSPACE_OBJECT)
        root = Path(workspace.get_root_dir() if workspace is not None else fl_ctx.get_prop(FLContextKey.WORKSPACE_ROOT))
        # All sites of a simulation share one workspace, and each has its own account.
        return root / f"{fl_ctx.get_identity_name(default='site')}-{RECORD}"

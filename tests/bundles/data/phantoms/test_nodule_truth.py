"""The truth about nodules that labels on a scan's grid cannot hold."""

from __future__ import annotations

import numpy as np
import pytest

from nodulescope.bundles.contracts import LEFT_LUNG, RIGHT_LUNG
from nodulescope.bundles.coordinates import index_to_world
from nodulescope.bundles.data.phantoms import NoduleSpec, Scanner
from nodulescope.bundles.data.phantoms.grid import sample
from nodulescope.bundles.data.phantoms.nodule_truth import TruePleura, true_outline
from nodulescope.bundles.data.phantoms.phantom import PlannedPhantom, plan_phantom


@pytest.fixture(scope="module")
def plan() -> PlannedPhantom:
    specs = (NoduleSpec("solid", 9.0), NoduleSpec("solid", 16.0, spiculation=0.6), NoduleSpec("solid", 12.0, place="pleura"))
    return plan_phantom(11, scanner=Scanner((2.0, 2.0, 2.5)), nodules=specs)


@pytest.mark.parametrize("spacing", [0.8, 1.0, 1.4])
def test_an_outline_fills_the_nodule_s_volume_around_its_centre(plan: PlannedPhantom, spacing: float) -> None:
    for made in plan.made:
        outline = true_outline(made, spacing)
        share = outline.probability.astype(np.float64)
        assert 0.0 <= share.min() <= share.max() == 1.0
        assert max(share[0].max(), share[-1].max(), share[:, 0].max(), share[:, :, -1].max()) == 0.0, "nothing is cut off"
        assert share.sum() * spacing**3 == pytest.approx(made.truth.volume_mm3, rel=0.01)
        index = np.argwhere(share > 0)
        middle = (share[tuple(index.T)][:, None] * index_to_world(outline.affine_lps, index)).sum(axis=0) / share.sum()
        np.testing.assert_allclose(middle, made.truth.center_lps_mm, atol=0.05)


def test_the_pleura_is_as_far_as_the_lung_s_surface(plan: PlannedPhantom) -> None:
    pleura = TruePleura(plan)
    for made in plan.made[:2]:
        lung = plan.anatomy.lungs.lung[LEFT_LUNG if made.truth.side == "left" else RIGHT_LUNG]
        outline = true_outline(made)
        inside = index_to_world(outline.affine_lps, np.argwhere(outline.probability > 0.5))
        shallowest = -float(sample(lung, plan.canvas.coarse, inside).max())
        assert pleura.distance_mm(made) == pytest.approx(shallowest, abs=1.5), "the field is nearly a distance"
    assert pleura.distance_mm(plan.made[2]) == 0.0

"""How many labelled scans does each strategy need for the same CPM? ``python tests/benchmarks/active_learning.py -o DIR``. Not a test.

Scans are blocks of synthetic lung, 64 mm wide, with vessels and one nodule. Two in three are plain, with a solid nodule. One in three has
what is rare: faint ground glass, or a small nodule on a vessel. Every strategy begins with the same labelled scans and labels two more at
a time, chosen by the application's own scores.

The detector is a stand-in, because the real one would have to be trained hundreds of times: bright blobs (Laplacian of Gaussians) are the
candidates, and logistic regression on six features of each is trained from the start in every round. The grading network is the shipped
one. CPM is the project's own, on scans that are in no pool.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_laplace, maximum_filter
from scipy.optimize import minimize
from scipy.special import expit

from nodulescope.apps.nodule_label.acquisition import acquisition
from nodulescope.bundles.contracts import CTSource, CTVolume
from nodulescope.bundles.metrics.froc import ScanMarks, cpm, match_marks
from nodulescope.bundles.predictors import GradingPredictor, find_bundle, open_bundle

EDGE = 64
POOL, TEST = 60, 60
START, STEP, ROUNDS = 2, 2, 14
STRATEGIES = ("random", "uncertainty", "disagreement")
COLORS = ("#777777", "#0072b2", "#d55e00")
CANDIDATES = 8
SCALES_MM = (1.5, 2.5, 4.0)
RIDGE = 1.0
"""Strength of the pull of the weights towards 0, in candidates."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scan:
    """One scan as the experiment sees it: features and places of its candidates, what the grading network says of them, and the truth."""

    features: Floats
    centers: Floats
    graded: Floats
    truth: Floats
    diameter: float

    @property
    def labels(self) -> Floats:
        """1 for candidates at the nodule."""
        return (np.linalg.norm(self.centers - self.truth, axis=1) <= self.diameter / 2).astype(float)


def make_scan(number: int, grader: GradingPredictor) -> Scan:
    """A block of lung with vessels and one nodule, and its candidates."""
    rng = np.random.default_rng([number, 11])
    points = np.moveaxis(np.indices((EDGE,) * 3), 0, -1).astype(np.float32)
    hu = -870.0 + 60.0 * gaussian_filter(rng.normal(size=(EDGE,) * 3), 2.0) * 4.0
    vessels = []
    for _ in range(7):
        through, along, radius = rng.uniform(10, EDGE - 10, 3), rng.normal(size=3), rng.uniform(0.8, 2.4)
        along /= np.linalg.norm(along)
        gap = points - through
        distance = np.linalg.norm(gap - (gap @ along)[..., None] * along, axis=-1)
        hu += (30.0 - hu) * np.clip(radius - distance + 0.5, 0, 1)
        vessels.append(through)
    rare = number % 3 == 2
    kind = ("glass", "vessel")[number // 3 % 2] if rare else "solid"
    center = vessels[0] if kind == "vessel" else rng.uniform(14, EDGE - 14, 3)
    radius = {"solid": rng.uniform(3.0, 7.0), "glass": rng.uniform(4.0, 7.0), "vessel": rng.uniform(2.4, 3.4)}[kind]
    density = -620.0 if kind == "glass" else 30.0
    weight = np.clip(radius - np.linalg.norm(points - center, axis=-1) + 0.5, 0, 1)
    hu = np.maximum(hu, hu + (density - hu) * weight)
    hu = (gaussian_filter(hu, 0.5) + rng.normal(0, 25, hu.shape)).astype(np.float32)
    features, centers = candidates(hu)
    ct = CTVolume(hu, np.eye(4), CTSource("phantom"))
    grades = grader(ct, [(float(x), float(y), float(z)) for x, y, z in centers])
    return Scan(features, centers, np.array([grade.probability for grade in grades]), center, 2 * radius)


def candidates(hu: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """The strongest bright blobs: six features and the place of each."""
    unit = (np.clip(hu, -1000, 400) + 1000) / 1400
    blobs = np.stack([-(s**2) * gaussian_laplace(unit, s) for s in SCALES_MM])
    best = blobs.max(axis=0)
    peaks = np.argwhere((best == maximum_filter(best, 7)) & (best > 0.01))
    peaks = peaks[np.argsort(-best[tuple(peaks.T)])][:CANDIDATES]
    smooth = gaussian_filter(unit, 1.5)
    rows = []
    for place in peaks:
        at = tuple(place)
        box = tuple(slice(max(p - 3, 0), p + 4) for p in place)
        offsets = np.argwhere(unit[box] > 0.5 * smooth[at] + 0.08)
        spread = np.sort(np.linalg.eigvalsh(np.cov(offsets.T))) if len(offsets) > 4 else np.ones(3)
        rows.append([*blobs[(slice(None), *at)], smooth[at], np.log(spread[0] + 0.1), np.log(spread[2] / max(spread[0], 0.05))])
    return np.array(rows), peaks.astype(float)


def fit(scans: Sequence[Scan]) -> Floats:
    """Weights of the logistic regression, the last one the constant."""
    x, y = np.concatenate([with_constant(s.features) for s in scans]), np.concatenate([s.labels for s in scans])

    def loss(w: Floats) -> tuple[float, Floats]:
        z = x @ w
        return float((np.logaddexp(0, z) - y * z).sum() + RIDGE / 2 * w @ w), x.T @ (expit(z) - y) + RIDGE * w

    return np.asarray(minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x)


def with_constant(features: Floats) -> Floats:
    scaled = features * np.array([20.0, 20.0, 20.0, 4.0, 1.0, 1.0])  # to one order of magnitude, the same whatever is labelled
    return np.column_stack([scaled, np.ones(len(features))])


def scores(scan: Scan, weights: Floats) -> Floats:
    return np.asarray(expit(with_constant(scan.features) @ weights))


def measure(scans: Sequence[Scan], weights: Floats) -> float:
    """CPM."""
    empty = np.empty((0, 3))
    marks = [ScanMarks(s.centers, scores(s, weights), s.truth[None], np.array([s.diameter]), empty, np.empty(0)) for s in scans]
    return float(cpm([match_marks(one) for one in marks]))


def choose(strategy: str, pool: Sequence[Scan], waiting: Sequence[int], weights: Floats, rng: np.random.Generator) -> list[int]:
    """Which scans are labelled next."""
    if strategy == "random":
        return [int(index) for index in rng.choice(waiting, STEP, replace=False)]
    scored = {index: acquisition(scores(pool[index], weights), pool[index].graded) for index in waiting}
    return sorted(waiting, key=lambda index: -getattr(scored[index], strategy))[:STEP]


def curve(strategy: str, seed: int, pool: Sequence[Scan], tests: Sequence[Scan]) -> list[float]:
    """CPM after each round."""
    rng = np.random.default_rng([seed, 6])
    labelled = [int(index) for index in np.random.default_rng([seed, 5]).choice(len(pool), START, replace=False)]
    values = []
    for _ in range(ROUNDS + 1):
        weights = fit([pool[index] for index in labelled])
        values.append(measure(tests, weights))
        labelled += choose(strategy, pool, [index for index in range(len(pool)) if index not in labelled], weights, rng)
    return values


def needed(counts: Sequence[int], means: Sequence[float], target: float) -> float | None:
    """Labelled scans from which on the mean curve stays at a CPM, between rounds by interpolation; None where it never does."""
    below = [number for number, value in enumerate(means) if value < target]
    last = below[-1] if below else -1
    if last == len(means) - 1:
        return None
    if last < 0:
        return float(counts[0])
    low, high = means[last], means[last + 1]
    return round(counts[last] + (counts[last + 1] - counts[last]) * (target - low) / (high - low), 1)


def draw(result: dict[str, Any], file: Path) -> None:
    """Mean curves with the standard error over the seeds."""
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")  # no pyplot: it would choose a screen
    axes = figure.add_subplot()
    for strategy, color in zip(STRATEGIES, COLORS, strict=True):
        values = np.asarray(result["cpm"][strategy])
        mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))
        axes.plot(result["labelled"], mean, color=color, marker="o", markersize=3, label=strategy)
        axes.fill_between(result["labelled"], mean - error, mean + error, color=color, alpha=0.15, linewidth=0)
    axes.axhline(result["target_cpm"], color="#bbbbbb", linewidth=0.8, linestyle="--")
    axes.set(xlabel="labelled scans", ylabel=f"CPM on {TEST} scans of no pool", title=f"Mean and standard error of {len(values)} runs")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, format="png", dpi=120, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for active-learning.json and active-learning.png")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    grader = GradingPredictor(open_bundle(find_bundle("nodule_grading"), "nodule_grading", torch.device("cpu")))
    scans = [make_scan(number, grader) for number in range(POOL + TEST)]
    pool, tests = scans[:POOL], scans[POOL:]
    curves = {strategy: [curve(strategy, seed, pool, tests) for seed in range(options.seeds)] for strategy in STRATEGIES}
    counts = [START + STEP * number for number in range(ROUNDS + 1)]
    means = {strategy: np.mean(values, axis=0).tolist() for strategy, values in curves.items()}
    everything = measure(tests, fit(pool))
    target = round(0.97 * everything, 3)
    result = {"labelled": counts, "cpm": curves, "all_labelled_cpm": everything, "target_cpm": target}
    result["needed"] = {strategy: needed(counts, means[strategy], target) for strategy in STRATEGIES}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "active-learning.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(result, options.out / "active-learning.png")
    print(json.dumps({key: result[key] for key in ("all_labelled_cpm", "target_cpm", "needed")}))  # noqa: T201


if __name__ == "__main__":
    main()

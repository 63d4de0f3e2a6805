"""Pictures of the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from nodulescope.bundles.metrics.plot_style import NETWORK_COLOR, OTHER_COLORS, save_plot
from nodulescope.federated.experiment.hospital_data import POOLED
from nodulescope.federated.experiment.payload import GOAL_BYTES, Payload
from nodulescope.federated.experiment.study import GOAL, BundleResult

LOCAL_COLOR, POOLED_COLOR = "0.7", OTHER_COLORS[1]
LABELS = {"fedavg": "FedAvg", "scaffold": "SCAFFOLD", POOLED: "all data pooled"}


def plot_models(result: BundleResult, path: Path) -> None:
    """Score of every model, the mean of local ones, and where a federation should be."""
    figure = Figure(figsize=(6.0, 3.6), layout="constrained")  # no pyplot: it would keep figures and choose a screen
    axes = figure.add_subplot()
    names = list(result.models)
    scores = [result.models[name].score for name in names]
    colors = [LOCAL_COLOR if name in result.hospitals else POOLED_COLOR if name == POOLED else NETWORK_COLOR for name in names]
    axes.barh([LABELS.get(name, f"{name} alone") for name in names], scores, color=colors)
    for place, score in enumerate(scores):
        axes.text(score + 0.005, place, f"{score:.3f}", va="center", fontsize=9)
    local, pooled = result.local_mean, result.models[POOLED].score
    axes.axvline(local, color="0.4", linewidth=1, linestyle=":", label="mean of local models")
    axes.axvline(local + GOAL * (pooled - local), color=OTHER_COLORS[0], linewidth=1, linestyle="--", label="95 % of pooled gain")
    key = result.models[POOLED].key_metric.replace("_", " ").replace("cpm", "CPM").replace("auc", "AUC")
    low = min(*scores, local)
    axes.set(xlabel=f"{key} on the joint test set", xlim=(max(0.0, low - 0.15), min(1.08, max(scores) + 0.1)))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    save_plot(figure, path)


def plot_payloads(found: Sequence[Payload], path: Path) -> None:
    """Megabytes per round and site for each bundle, beside the goal."""
    figure = Figure(figsize=(6.0, 3.2), layout="constrained")
    axes = figure.add_subplot()
    names = [payload.bundle for payload in found]
    plain = [payload.total / 1e6 for payload in found]
    control = [payload.scaffold / 1e6 for payload in found]
    axes.barh(names, plain, color=NETWORK_COLOR, label="weights down and changes up, half precision")
    axes.barh(names, control, left=plain, color=LOCAL_COLOR, label="SCAFFOLD's control variates down, 8 bits")
    for place, (megabytes, more) in enumerate(zip(plain, control, strict=True)):
        axes.text(megabytes + more + 0.2, place, f"{megabytes:.1f} + {more:.1f}", va="center", fontsize=9, backgroundcolor="white")
    axes.axvline(GOAL_BYTES / 1e6, color=OTHER_COLORS[0], linewidth=1, linestyle="--", label="goal")
    axes.set(xlabel="MB per round and site", xlim=(0, 1.3 * max(GOAL_BYTES / 1e6, *(a + b for a, b in zip(plain, control, strict=True)))))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=1)
    save_plot(figure, path)

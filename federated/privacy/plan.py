"""Which privacy measures a federation takes, read from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from nodulescope.bundles.errors import UsageError


@dataclass(frozen=True)
class Percentile:
    """Share only the largest changes (Shokri and Shmatikov, "Privacy-preserving deep learning", CCS 2015). No (ε, δ) follows from it.

    Attributes:
        percentile: changes smaller than this percentile of all changes stay at the site, 0 to 100.
        gamma: what is shared is cut off at this size, per local step. NVFlare's 0.01 belongs to plain gradient descent with small steps.
    """

    percentile: float = 50.0
    gamma: float = 0.05

    def __post_init__(self) -> None:
        _check_range("percentile", self.percentile, 0.0, 100.0)
        _check_range("gamma", self.gamma, 1e-9, 1e9)


@dataclass(frozen=True)
class SparseVector:
    """Share a noisy sample of the large changes (sparse vector technique, Dwork and Roth 2014, section 3.6).

    NVFlare's defaults cut every change off at 0.00001, at which no network learns. With these values one does, but the ε that they spend is
    so large that it means nothing formally: the measure makes reconstruction harder, no more.

    Attributes:
        fraction: of the parameters that is shared, above 0 to 1.
        epsilon: spent on the choice of parameters, per round.
        noise_var: NVFlare's name for what is spent per shared value; its noise has the scale 2·gamma/noise_var.
        gamma: cut-off of a change, per local step.
        tau: threshold that a change must exceed, per local step.
    """

    fraction: float = 0.5
    epsilon: float = 1.0
    noise_var: float = 20.0
    gamma: float = 0.005
    tau: float = 1e-6

    def __post_init__(self) -> None:
        _check_range("fraction", self.fraction, 1e-6, 1.0)
        for name in ("epsilon", "noise_var", "gamma", "tau"):
            _check_range(name, getattr(self, name), 1e-12, 1e12)


@dataclass(frozen=True)
class Gaussian:
    """Clip the update and add Gaussian noise: differential privacy, see :mod:`nodulescope.federated.privacy.accountant`.

    Attributes:
        clip_norm: largest Euclidean norm of the whole update.
        noise_multiplier: standard deviation of the noise of each value, in units of ``clip_norm``.
        delta: at which ε is reported.
        max_epsilon: a site stops to share when its next update would cost more than this in total; None is no limit.
    """

    clip_norm: float = 1.0
    noise_multiplier: float = 1.0
    delta: float = 1e-5
    max_epsilon: float | None = None

    def __post_init__(self) -> None:
        _check_range("clip_norm", self.clip_norm, 1e-12, 1e12)
        _check_range("noise_multiplier", self.noise_multiplier, 1e-6, 1e6)
        _check_range("delta", self.delta, 1e-30, 0.5)
        if self.max_epsilon is not None:
            _check_range("max_epsilon", self.max_epsilon, 1e-6, 1e6)


@dataclass(frozen=True)
class Encrypted:
    """Encrypt layers so that the server adds up what it cannot read (CKKS). Only in a provisioned federation: its kits hold the keys.

    Attributes:
        layers: regular expression; parameters whose name it matches are encrypted. They grow 20 times and more on the wire, so choose few.
    """

    layers: str

    def __post_init__(self) -> None:
        if not isinstance(self.layers, str) or not self.layers:
            raise UsageError("privacy: encrypted: layers must be a regular expression that matches names of parameters")


@dataclass(frozen=True)
class PrivacyPlan:
    """All measures of a federation; None is one that is not taken. The default takes none."""

    percentile: Percentile | None = None
    sparse_vector: SparseVector | None = None
    gaussian: Gaussian | None = None
    encrypted: Encrypted | None = None

    def __post_init__(self) -> None:
        if self.gaussian and (self.percentile or self.sparse_vector):
            raise UsageError(
                "privacy: gaussian stands alone: another filter after it would only cost accuracy, one before it adds no guarantee"
            )

    @classmethod
    def parse(cls, content: Mapping[str, Any] | None) -> PrivacyPlan:
        """Read what a configuration says under ``privacy``.

        Args:
            content: measure to settings, for example ``{"gaussian": {"clip_norm": 0.5}}``; settings that are left out keep their defaults.

        Raises:
            UsageError: there is no such measure or setting, or a value is out of its range.
        """
        known = {"percentile": Percentile, "sparse_vector": SparseVector, "gaussian": Gaussian, "encrypted": Encrypted}
        measures: dict[str, Any] = {}
        for name, settings in (content or {}).items():
            if name not in known:
                raise UsageError(f"privacy: there is no measure {name!r}; choose among {', '.join(known)}")
            measures[name] = _measure(known[name], name, settings or {})
        return cls(**measures)

    def check(self, algorithm: str, *, resume: bool = False) -> None:
        """Refuse measures that an algorithm would undo, or that would undo it.

        Args:
            algorithm: of the job.
            resume: whether the job goes on with a stopped run.

        Raises:
            UsageError: they do not go together.
        """
        if self.gaussian and algorithm == "scaffold":
            raise UsageError(
                "privacy: gaussian: the server would derive SCAFFOLD's control variates from the noise; choose another algorithm"
            )
        if self.encrypted and algorithm not in ("fedavg", "fedprox"):
            raise UsageError(f"privacy: encrypted: the server can only add encrypted layers, so not {algorithm}; choose fedavg or fedprox")
        if self.encrypted and resume:
            raise UsageError(
                "privacy: encrypted: a run with encrypted layers cannot be resumed; begin another one from its decrypted weights"
            )

    def to_json(self) -> dict[str, Any]:
        """What :meth:`parse` reads."""
        measures = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: dict(vars(measure)) for name, measure in measures.items() if measure is not None}


def _measure(kind: type[Any], name: str, settings: Any) -> Any:
    if not isinstance(settings, Mapping):
        raise UsageError(f"privacy: {name}: write settings as NAME: VALUE, not {settings!r}")
    names = [part.name for part in fields(kind)]
    for setting in settings:
        if setting not in names:
            raise UsageError(f"privacy: {name}: there is no setting {setting!r}; choose among {', '.join(names)}")
    try:
        return kind(**settings)
    except TypeError as error:
        raise UsageError(f"privacy: {name}: needs {', '.join(names)}") from error


def _check_range(name: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise UsageError(f"privacy: {name} must be a number between {low:g} and {high:g}, not {value!r}")

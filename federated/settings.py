"""What one federated job asks of every site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nodulescope.bundles.errors import UsageError

ALGORITHMS = ("fedavg", "fedprox", "fedopt", "scaffold", "cyclic")
"""McMahan 2017; Li 2020; Reddi 2021; Karimireddy 2020; one site after the other (Chang 2018)."""

WIRES = ("half", "full")
"""Floating point numbers travel in 16 or in 32 bits."""

STARTS = ("shipped", "random")
"""Weights to begin with, beside the name of a file that lies at the server."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""Names of sites, runs and files at the server: what certificates, folders and NVFlare accept alike."""


EXPONENT = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


@dataclass(frozen=True)
class JobSettings:
    """One job. It is sent to every site, so it holds neither paths nor code.

    Attributes:
        bundle: name of the bundle, as the sites have it installed or named in their site files.
        bundle_sha256: hash of its code (:func:`~nodulescope.federated.bundle_identity.bundle_sha256`); a site with another one refuses.
        sites: names of the sites that are expected.
        run: name of the run; a job that resumes has the name of the one that stopped.
        algorithm: one of :data:`ALGORITHMS`.
        rounds: how often the sites' work is combined.
        local_epochs: epochs that a site trains in each round.
        min_sites: with fewer sites in a round the run stops.
        start: one of :data:`STARTS`, or the name of a weights file (``NAME.pt``) in the server's local folder.
        configs: the bundle's configurations, laid over each other; names of files in its ``configs`` folder.
        overrides: settings of the bundle that hold at every site, plain values only; a site's own settings win.
        proximal: weight of FedProx's proximal term (mu).
        server_rate: learning rate of FedOpt's server.
        server_momentum: momentum of FedOpt's server.
        kept_at_site: names of parameters and buffers that stay at each site, as regular expressions (FedBN: the normalisation layers).
        wire: one of :data:`WIRES`.
        join_timeout_s: how long a job waits for the sites to be connected before it is sent.
        round_timeout_s: how long a site may take for a task.
        late_s: how long a round waits for a site that was missing in the round before, once the others have answered.
        cross_site: evaluate every site's last model and the global ones at every site.
        personal_epochs: epochs that each site trains the final model further for itself, evaluated there; 0 for none.
        seed: of the random start and of each site's epochs.
        resume: go on with the run of this name that stopped.
        privacy: what protects the sites' results, as the filters' own settings; told in the ledger and in the resulting bundle.
    """

    bundle: str
    bundle_sha256: str
    sites: tuple[str, ...]
    run: str = "federation"
    algorithm: str = "fedavg"
    rounds: int = 5
    local_epochs: int = 1
    min_sites: int = 2
    start: str = "shipped"
    configs: tuple[str, ...] = ("train.yaml",)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    proximal: float = 0.01
    server_rate: float = 1.0
    server_momentum: float = 0.6
    kept_at_site: tuple[str, ...] = ()
    wire: str = "half"
    join_timeout_s: int = 300
    round_timeout_s: int = 3600
    late_s: int = 60
    cross_site: bool = False
    personal_epochs: int = 0
    seed: int = 1
    resume: bool = False
    privacy: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no run can be made of.

        Raises:
            UsageError: a value is out of its range.
        """
        for problem in (*self._wrong_names(), *self._wrong_numbers(), *self._wrong_overrides()):
            raise UsageError(problem)

    def _wrong_names(self) -> list[str]:
        bad = [f"{site}: a site's name has letters, digits, - and _ only" for site in self.sites if not NAME.fullmatch(site)]
        if len(set(self.sites)) != len(self.sites):
            bad.append(f"sites {', '.join(self.sites)}: a site is named twice")
        if not NAME.fullmatch(self.run):
            bad.append(f"{self.run}: a run's name has letters, digits, - and _ only")
        for value, what, choices in ((self.algorithm, "algorithm", ALGORITHMS), (self.wire, "wire precision", WIRES)):
            if value not in choices:
                bad.append(f"{value}: there is no such {what}; choose one of {', '.join(choices)}")
        if self.start not in STARTS and not (self.start.endswith(".pt") and NAME.fullmatch(self.start[:-3])):
            bad.append(
                f"{self.start}: a run starts from {' or '.join(STARTS)} weights, or from a file NAME.pt in the server's local folder"
            )
        bad += [f"{name}: name a file of the bundle's configs folder" for name in self.configs if "/" in name or not name]
        return bad

    def _wrong_numbers(self) -> list[str]:
        at_least = {"rounds": 1, "local_epochs": 1, "min_sites": 1, "personal_epochs": 0, "join_timeout_s": 1, "round_timeout_s": 1}
        bad = [f"{name} is {getattr(self, name)}; it must be {low} or more" for name, low in at_least.items() if getattr(self, name) < low]
        if self.late_s < 1:
            bad.append(f"late_s is {self.late_s}; it must be 1 or more")
        if self.proximal < 0 or self.server_rate <= 0 or not 0 <= self.server_momentum < 1:
            bad.append("proximal must be 0 or more, server_rate above 0, server_momentum from 0 to below 1")
        if self.privacy and self.algorithm == "scaffold":
            bad.append(
                "scaffold: the server derives its control variates from the sites' changes, which privacy would falsify; choose another"
            )
        if len(self.sites) < self.min_sites:
            bad.append(
                f"{len(self.sites)} site(s) are named but {self.min_sites} are needed in each round; name more, or lower --min-sites"
            )
        return bad

    def _wrong_overrides(self) -> list[str]:
        return [problem for key, value in self.overrides.items() if (problem := _wrong_override(key, value))]

    @property
    def longest_s(self) -> int:
        """The longest time that a run can take with every wait at its limit, s."""
        turns = self.rounds * (len(self.sites) if self.algorithm == "cyclic" else 1)
        evaluations = 3 + (len(self.sites) if self.cross_site else 0)
        return 2 * self.join_timeout_s + (turns + evaluations + 1) * self.round_timeout_s

    def to_json(self) -> dict[str, Any]:
        """Plain values for the job's files."""
        return asdict(replace(self, overrides=dict(self.overrides), privacy=dict(self.privacy)))

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> JobSettings:
        """What :meth:`to_json` wrote, also after JSON made lists of its tuples."""
        tuples = {name: tuple(content[name]) for name in ("sites", "configs", "kept_at_site") if name in content}
        return cls(**{**content, **tuples})


def with_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as people mean them: YAML 1.1 reads ``1e-4``, without a point, as a text."""
    return {key: float(value) if isinstance(value, str) and EXPONENT.fullmatch(value) else value for key, value in values.items()}


def _wrong_override(key: str, value: Any) -> str:
    """Why a job may not set this: a bundle's configuration is code, and a job must not bring code to a site."""
    if key.startswith("network_def"):
        return f"{key}: the network is the bundle's, and the result must carry it; change the bundle's own configuration at every site"
    if "_target_" in key or not _is_plain(value):
        return f"{key}: a job sets plain values only (no expression, reference or class); a site may set more for itself in its site file"
    return ""


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return not value.startswith(("$", "@", "%"))
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float))

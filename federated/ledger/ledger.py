"""The participation ledger of a run: an honest record, written after every round."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from nodulescope.federated.ledger.participation import Participation
from nodulescope.federated.ledger.reasons import Reason
from nodulescope.federated.settings import JobSettings

FILE = "participation.json"


class Status(Enum):
    """How a run ended. Only a run in which every site took part in every round is complete."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"


@dataclass
class Ledger:
    """Who took part in each round.

    Attributes:
        settings: the job's.
        status: how the run ended.
        why: for a run that is not complete, what is missing, in words.
        refusals: sites that could not begin.
        rounds: round number, from 1, to what each site did.
        late: answers that came after their round: (round, site).
        global_metric: the weights' number (0 at the start, else the round that made them) to their mean key metric over the sites.
        key_metric: name of the metric.
        best: number of the best weights by that mean.
        evaluation: at the end, weights' name to site to all of its metrics there.
    """

    settings: JobSettings
    status: Status = Status.RUNNING
    why: str = ""
    refusals: dict[str, Reason] = field(default_factory=dict)
    rounds: dict[int, dict[str, Participation]] = field(default_factory=dict)
    late: list[tuple[int, str]] = field(default_factory=list)
    global_metric: dict[int, float] = field(default_factory=dict)
    key_metric: str = ""
    best: int | None = None
    evaluation: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def lost(self) -> dict[str, list[int]]:
        """Sites that missed rounds, with the rounds that they missed."""
        missed = {
            site: [number for number, sites in sorted(self.rounds.items()) if not sites.get(site, _ABSENT).took_part]
            for site in self.settings.sites
        }
        return {site: rounds for site, rounds in missed.items() if rounds}

    def close(self) -> None:
        """End a run that came to its last round: complete only if nobody was lost on the way."""
        if self.lost():
            self.status = Status.INCOMPLETE
            self.why = "; ".join(f"{site} missed round {', '.join(map(str, rounds))}" for site, rounds in self.lost().items())
        else:
            self.status = Status.COMPLETE

    def stop(self, why: str) -> None:
        """End a run that cannot go on."""
        self.status, self.why = Status.STOPPED, why

    def to_json(self) -> dict[str, Any]:
        """Plain values: the ledger's file."""
        return {
            "status": self.status.value,
            "why": self.why,
            "job": self.settings.to_json(),
            "refusals": {site: {"reason": reason.name, "why": reason.value} for site, reason in self.refusals.items()},
            "rounds": [
                {"round": number, "sites": {site: part.to_json() for site, part in sorted(sites.items())}}
                for number, sites in sorted(self.rounds.items())
            ],
            "late": [{"round": number, "site": site} for number, site in self.late],
            "key_metric": self.key_metric,
            "global_metric": {str(number): value for number, value in sorted(self.global_metric.items())},
            "best": self.best,
            "evaluation": self.evaluation,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Ledger:
        """What :meth:`to_json` wrote."""
        return cls(
            settings=JobSettings.from_json(content["job"]),
            status=Status(content["status"]),
            why=content["why"],
            refusals={site: Reason.of(entry["reason"]) for site, entry in content["refusals"].items()},
            rounds={
                entry["round"]: {site: Participation.from_json(part) for site, part in entry["sites"].items()}
                for entry in content["rounds"]
            },
            late=[(entry["round"], entry["site"]) for entry in content["late"]],
            global_metric={int(number): value for number, value in content["global_metric"].items()},
            key_metric=content["key_metric"],
            best=content["best"],
            evaluation=content["evaluation"],
        )

    def write(self, folder: Path) -> Path:
        """Write the ledger as JSON, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / FILE
        beside = file.with_suffix(".part")
        beside.write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")
        beside.replace(file)
        return file


_ABSENT = Participation(Reason.SILENT)


def read_ledger(folder: Path) -> Ledger:
    """The ledger in a folder."""
    return Ledger.from_json(json.loads((folder / FILE).read_text(encoding="utf-8")))

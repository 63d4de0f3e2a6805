"""What a site remembers of a run between rounds, so that a stopped job goes on."""

from __future__ import annotations

from typing import Any

import torch

from nodulescope.bundles.training.resume import move_to
from nodulescope.federated.client.corrections import ControlVariate
from nodulescope.federated.client.local_bundle import LocalBundle

FILE = "site.pt"


class SiteMemory:
    """The state of a site's training, in the site's own state folder.

    Args:
        bundle: the bundle that trains.
        controls: SCAFFOLD's control variate of this site, if there is one.
    """

    def __init__(self, bundle: LocalBundle, controls: ControlVariate | None) -> None:
        self.bundle = bundle
        self.controls = controls
        self.file = bundle.folder / FILE

    def keep(self, number: int) -> None:
        """Remember the state after a round, whole or not at all."""
        trainer = self.bundle.trainer
        content = {
            "round": number,
            "network": self.bundle.network.state_dict(),
            "optimizer": self.bundle.optimizer.state_dict(),
            "scheduler": None if (scheduler := self._scheduler()) is None else scheduler.state_dict(),
            "epoch": trainer.state.epoch,
            "iteration": trainer.state.iteration,
            "controls": {} if self.controls is None else self.controls.own,
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_suffix(".part")
        torch.save(content, beside)
        beside.replace(self.file)

    def recall(self) -> bool:
        """Go on from the last round that was kept.

        Returns:
            Whether there was one.
        """
        if not self.file.is_file():
            return False
        content = torch.load(self.file, map_location="cpu", weights_only=True)
        self.bundle.network.load_state_dict(content["network"])
        self._restore_optimizer(content["optimizer"], content["scheduler"])
        state = self.bundle.trainer.state
        state.epoch, state.iteration = content["epoch"], content["iteration"]
        if self.controls is not None:
            for name, value in content["controls"].items():
                self.controls.own[name].copy_(value)
        return True

    def _restore_optimizer(self, saved: dict[str, Any], saved_schedule: dict[str, Any] | None) -> None:
        """Take the optimizer's state over; where the run or its settings changed, with the present schedule of learning rates."""
        optimizer, scheduler = self.bundle.optimizer, self._scheduler()
        present = optimizer.state_dict()["param_groups"]
        length = None if scheduler is None else getattr(scheduler, "total_steps", None)
        unchanged = _settings(saved["param_groups"]) == _settings(present) and length == (saved_schedule or {}).get("total_steps")
        optimizer.load_state_dict(saved if unchanged else {**saved, "param_groups": present})
        if scheduler is None or saved_schedule is None:
            return
        if unchanged:
            scheduler.load_state_dict(saved_schedule)
        elif saved_schedule["last_epoch"] > 0:
            move_to(scheduler, saved_schedule["last_epoch"], steps_made=saved_schedule["_step_count"])

    def _scheduler(self) -> Any:
        parser = self.bundle.workflow.parser
        return parser.get_parsed_content("train#lr_scheduler") if "train#lr_scheduler" in parser else None


def _settings(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An optimizer's settings without those that a schedule changes with every step."""
    return [{name: value for name, value in group.items() if name not in ("params", "lr", "betas", "momentum")} for group in groups]

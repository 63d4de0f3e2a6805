"""Training that ends when it no longer gets better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ignite.engine import Engine, Events
from monai.handlers import EarlyStopHandler

from nodulescope.bundles.training.processes import first_process_value


class EarlyStop(EarlyStopHandler):
    """MONAI's early stopping for a trainer whose configuration also names the validator, with a state that can be resumed.

    Attached to the trainer; it counts the validator's runs. Several processes stop together, by what the first one measured.

    Args:
        patience: validations in a row without a better key metric after which training ends; None never ends it.
        validator: the trainer's validator (a MONAI evaluator with a key metric, the higher the better).
    """

    _handler: Any  # Ignite's, once there is a trainer; MONAI's class leaves it untyped

    def __init__(self, patience: int | None, validator: Engine) -> None:
        super().__init__(patience or 0, score_function=_key_metric)
        self.validator = validator
        self.ever = patience is not None

    def attach(self, engine: Engine) -> None:
        """Watch the validator on behalf of a trainer."""
        if not self.ever:
            return
        self.set_trainer(engine)
        super().attach(self.validator)
        engine.add_event_handler(Events.STARTED, self.stay_stopped)

    def stay_stopped(self, engine: Engine) -> None:
        """A training that had stopped does not go on when it is started again, unless it is given more patience."""
        if self._handler.counter >= self.patience:
            engine.logger.info("Had stopped early: none of %d validations was better; a greater patience goes on", self._handler.counter)
            engine.terminate()

    def state_dict(self) -> Mapping[str, Any]:
        """Validations counted so far and the best of them; empty without patience."""
        return {} if self._handler is None else dict(self._handler.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on counting; what was trained without patience begins to count now."""
        if self._handler is not None and state:
            self._handler.load_state_dict(state)


def _key_metric(validator: Engine) -> float:
    state: Any = validator.state
    return first_process_value(float(state.metrics[state.key_metric_name]))

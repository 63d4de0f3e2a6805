from __future__ import annotations

from typing import Any

import pytest
from ignite.engine import Engine, Events

from nodulescope.bundles.training.early_stop import EarlyStop

SCORES = (0.5, 0.6, 0.6, 0.55, 0.7, 0.1, 0.2, 0.3, 0.9)


def epochs_trained(patience: int | None, interval: int = 1) -> int:
    """Epochs of a training whose validations after each ``interval`` epochs give :data:`SCORES`."""
    trainer = Engine(lambda *_: None)
    validator: Any = Engine(lambda *_: None)
    validator.state.key_metric_name = "quality"
    scores = iter(SCORES)

    def measure(_: Engine) -> None:
        validator.state.metrics["quality"] = next(scores)

    validator.add_event_handler(Events.EPOCH_COMPLETED, measure)
    stop = EarlyStop(patience, validator)
    trainer.add_event_handler(Events.EPOCH_COMPLETED(every=interval), lambda _: validator.run([0]))
    stop.attach(trainer)
    trainer.run([0], max_epochs=len(SCORES) * interval)
    return int(trainer.state.epoch)


@pytest.mark.parametrize(("patience", "expected"), [(None, 9), (1, 3), (2, 4), (3, 8), (4, 9)])
def test_patience_ends_a_training_that_does_not_get_better(patience: int | None, expected: int) -> None:
    assert epochs_trained(patience) == expected


def test_patience_counts_validations_not_epochs() -> None:
    assert epochs_trained(2, interval=3) == 12


def test_without_patience_there_is_nothing_to_resume() -> None:
    stop = EarlyStop(None, Engine(lambda *_: None))
    assert stop.state_dict() == {}
    stop.load_state_dict({"counter": 3, "best_score": 0.5, "threshold_mode": "abs"})
    assert stop.state_dict() == {}

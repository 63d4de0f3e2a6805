"""Postprocessing of a detector's findings, scan by scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ignite.engine import Engine, Events


class PostprocessScans:
    """Handler for an evaluator: run transforms on each scan together with what was found in it.

    MONAI's own ``PostProcessing`` asks for answers of one size that can be stacked and unstacked; lists of boxes have as many rows as there
    are findings.

    Args:
        transform: takes the scan's item, to which the finder's ``box``, ``box_class`` and ``box_class_scores`` were added.
    """

    def __init__(self, transform: Callable[[dict[str, Any]], Any]) -> None:
        self.transform = transform

    def attach(self, engine: Engine) -> None:
        """Run after each batch of scans."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Run the transforms on the scans of the last batch, on the CPU."""
        state: Any = engine.state  # its batch is a list of items: see MONAI's no_collation
        for item, found in zip(state.batch, state.output["pred"], strict=True):
            self.transform({**item, **{key: value.float().cpu() if key != "box_class" else value.cpu() for key, value in found.items()}})

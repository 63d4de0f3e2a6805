"""What happens during one run of the graph, shared by its operators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nodulescope.operators.stopwatch import Stopwatch


@dataclass
class RunRecord:
    """Times and failures of one run.

    Holoscan can end a graph whose operator failed with exit status 0. So every operator works inside :meth:`step`, which remembers the
    first error, and the application asks afterwards.

    Attributes:
        watch: times the steps.
        error: the first error that an operator raised.
        finished: True once the last operator has done its work: a graph that stalled never gets there.
    """

    watch: Stopwatch = field(default_factory=Stopwatch)
    error: Exception | None = None
    finished: bool = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time an operator's work and remember its error."""
        try:
            with self.watch.step(name):
                yield
        except Exception as error:
            self.error = self.error or error
            raise

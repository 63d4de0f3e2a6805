"""What happens during one run of the graph, shared by its operators."""

from __future__ import annotations

import time
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
        at_work: the step that began last.
    """

    watch: Stopwatch = field(default_factory=Stopwatch)
    error: Exception | None = None
    finished: bool = False
    at_work: str = "the graph"
    _running: int = 0
    _idle_since: float = field(default_factory=time.monotonic)

    @property
    def idle_s(self) -> float:
        """Seconds since the last operator put its work down; 0 while one is at work."""
        return 0.0 if self._running else time.monotonic() - self._idle_since

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time an operator's work and remember its error."""
        self.at_work = name
        self._running += 1
        try:
            with self.watch.step(name):
                yield
        except Exception as error:
            self.error = self.error or error
            raise
        finally:
            self._idle_since = time.monotonic()
            self._running -= 1

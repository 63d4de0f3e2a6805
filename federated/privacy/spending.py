"""A site's own record of every noisy update that it released, so that its total cost outlives jobs and restarts."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nodulescope.bundles.errors import InputError, UsageError
from nodulescope.federated.privacy.accountant import Release, epsilon_spent

RECORD = "privacy-spent.json"
"""Its name in the site's workspace. It holds no data, only when how much noise was added; deleting it forgets what was spent."""


class SpendingRecord:
    """What a site has released so far.

    Args:
        path: the record; made with the first release.

    Raises:
        InputError: there is a record, and it cannot be read. Going on without it would forget what was spent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read()

    def releases(self) -> list[Release]:
        """All of them, oldest first."""
        return [Release(entry["noise_multiplier"]) for entry in self._read()]

    def epsilon(self, delta: float) -> float:
        """ε of all releases."""
        return epsilon_spent(self.releases(), delta)

    def add(self, noise_multiplier: float, *, job: str, round_number: int, delta: float, max_epsilon: float | None) -> float:
        """Write one more release down, before it leaves.

        Args:
            noise_multiplier: of the release.
            job: identifier of the job.
            round_number: of the job.
            delta: at which ε is computed.
            max_epsilon: limit of the total; None is no limit.

        Returns:
            ε of all releases, this one included.

        Raises:
            InputError: the release would exceed the limit; nothing was written down, and nothing may leave.
        """
        with self._alone():
            entries = self._read()
            after = [Release(entry["noise_multiplier"]) for entry in entries] + [Release(noise_multiplier)]
            epsilon = epsilon_spent(after, delta)
            if max_epsilon is not None and epsilon > max_epsilon:
                spent = epsilon_spent(after[:-1], delta)
                raise InputError(
                    f"privacy budget: {spent:.3g} of ε {max_epsilon:g} is spent, this update would make it {epsilon:.3g}; not shared"
                )
            entries.append({"job": job, "round": round_number, "noise_multiplier": noise_multiplier})
            beside = self.path.with_suffix(".json.part")
            beside.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
            beside.replace(self.path)
        return epsilon

    def _read(self) -> list[dict[str, Any]]:
        if not self.path.is_file():
            return []
        try:
            entries: list[dict[str, Any]] = json.loads(self.path.read_text(encoding="utf-8"))
            for entry in entries:
                Release(entry["noise_multiplier"])
        except (ValueError, TypeError, KeyError, UsageError) as error:
            raise InputError(f"{self.path.name}: the record of spent privacy cannot be read; restore it, or nothing is shared") from error
        return entries

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the site's other jobs from writing at the same time."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

"""New weights beside those that are served, on scans that neither was trained on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Two versions, one measure.

    Attributes:
        metric: the bundle's own key metric, the higher the better: ``dice``, ``cpm`` or ``malignancy_auc``.
        served_number: the version that was served.
        served: its value on the validation items.
        trained: the new weights' value on the same items.
        training_items: how many the new weights were trained on.
        validation_items: how many both were measured on.
        epochs: passes over the training items.
    """

    metric: str
    served_number: int
    served: float
    trained: float
    training_items: int
    validation_items: int
    epochs: int

    @property
    def holds_up(self) -> bool:
        """Whether the new weights are at least as good, and so may be served: they have seen more of these scanners and readers."""
        return self.trained >= self.served

    def sentence(self) -> str:
        """The comparison for people."""
        trained_on = f"{self.training_items} labelled item{'' if self.training_items == 1 else 's'}"
        return (
            f"Trained on {trained_on} for {self.epochs} epochs: {self.metric} {self.trained:.4f} beside {self.served:.4f} "
            f"of version {self.served_number}, on {self.validation_items} held-out."
        )

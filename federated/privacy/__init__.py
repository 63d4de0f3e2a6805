"""What a site does to its update before it leaves: filters, an accountant, encryption, and a search for what must not have left."""

from nodulescope.federated.privacy.accountant import Release, epsilon_spent, noise_for
from nodulescope.federated.privacy.plan import PrivacyPlan

__all__ = ["PrivacyPlan", "Release", "epsilon_spent", "noise_for"]

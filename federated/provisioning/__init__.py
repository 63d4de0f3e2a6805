"""Joining a federation: startup kits, and what a site lets a job do."""

from nodulescope.federated.provisioning.admission import refusal
from nodulescope.federated.provisioning.allow_list import AllowList, read_allow_list
from nodulescope.federated.provisioning.kits import Kits, example_project, provision

__all__ = ["AllowList", "Kits", "example_project", "provision", "read_allow_list", "refusal"]

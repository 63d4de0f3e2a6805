"""Where MONAI Label looks for an application: ``monailabel start_server --app apps/nodule_label``."""

from nodulescope.apps.nodule_label.app import NoduleLabelApp

__all__ = ["NoduleLabelApp"]

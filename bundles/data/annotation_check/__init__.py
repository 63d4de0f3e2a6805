"""Items of a datalist held against the annotation rules."""

from nodulescope.bundles.data.annotation_check.examination import Examined, examine, examine_all
from nodulescope.bundles.data.annotation_check.listed_item import ListedItem, list_items
from nodulescope.bundles.data.annotation_check.place import Place
from nodulescope.bundles.data.annotation_check.result import CheckResult
from nodulescope.bundles.data.annotation_check.violation import Violation

__all__ = ["CheckResult", "Examined", "ListedItem", "Place", "Violation", "examine", "examine_all", "list_items"]

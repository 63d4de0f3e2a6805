"""Pages on which a person looks at every annotation of a datalist."""

from nodulescope.bundles.data.review.site import ReviewSite

__all__ = ["ReviewSite"]

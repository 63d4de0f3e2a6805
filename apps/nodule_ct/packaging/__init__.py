"""The MONAI Application Package: writing its build context, checking it, building the image."""

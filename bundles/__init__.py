"""Ground floor: the MONAI bundles and all that they need.

PyTorch, MONAI and SimpleITK live here. Nothing in this room writes DICOM, and nothing imports holoscan, NVFlare, highdicom or
MONAI Label, so that the bundles load wherever MONAI does.
"""

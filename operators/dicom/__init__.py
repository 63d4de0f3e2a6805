"""DICOM in and out: headers, choice and geometry of a series, pixels to Hounsfield units, and the objects that carry results."""

"""LIDC-IDRI as it is published: CT series in DICOM, and the outlines and ratings of up to four readers in XML.

Source: Armato et al., The Lung Image Database Consortium (LIDC) and Image Database Resource Initiative (IDRI), Med Phys 38:915, 2011.
"""

"""LUNA16 (Setio et al., Med Image Anal 42, 2017) as it is published: MetaImage scans in ten subsets, tables of findings, lung labels."""

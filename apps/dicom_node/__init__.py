"""The DICOM node: receives studies, keeps them in a queue on disk, analyses one after another and sends the results on."""

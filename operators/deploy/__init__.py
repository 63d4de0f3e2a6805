"""MONAI Deploy operators: one step each, a thin shell around logic that lives elsewhere in this room and runs without holoscan."""

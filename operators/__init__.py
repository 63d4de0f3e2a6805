"""First floor: one step of the clinical chain per file.

Each step's logic is a plain class or function; the MONAI Deploy operator around it is a thin shell, so the logic can be imported and tested
where holoscan is not installed.
"""

"""How well the bundles do: detection, outline and grading metrics."""

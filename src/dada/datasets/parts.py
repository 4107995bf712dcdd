"""The words by which users call the parts of their data."""

VALIDATION = ("val", "valid", "validation", "eval", "evaluation", "dev")
"""In order of preference."""

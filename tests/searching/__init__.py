"""Searches a step at a time, as small as can be."""

SMALL = {
    "preset": "step",
    "model": "wrn-10-1",
    "images": 160,
    "batch": 40,
    "epochs": 3,
    "precision": "float32",
}
TINY = {
    "preset": "step",
    "model": "wrn-10-1",
    "images": 32,
    "batch": 16,
    "epochs": 1,
    "precision": "float32",
}

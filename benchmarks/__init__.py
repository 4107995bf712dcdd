"""Measurements. Each runs alone as ``python -m benchmarks.NAME [--json FILE]``."""

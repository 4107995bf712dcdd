"""Tests of dada.report."""

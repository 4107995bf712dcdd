"""docs/benchmarks.md from the JSON files that were written into docs/measured/, and the recipes.

python -m benchmarks.page
"""

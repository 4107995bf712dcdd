"""docs/benchmarks.md from the JSON files in docs/measured/ and the recipes.

python -m benchmarks.page
"""

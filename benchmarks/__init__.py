"""Measurements. Each runs on its own as ``python -m benchmarks.NAME [--json FILE]``.

They keep freed memory, as the command line does, unless told not to.
"""

import os

from dada.compute.memory import keep_freed_memory

AS_IT_IS = "DADA_BENCHMARK_MEMORY_AS_IT_IS"
if not os.environ.get(AS_IT_IS):
    keep_freed_memory()

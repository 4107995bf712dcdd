"""``python -m dada`` is the command ``dada``."""

from dada.cli import main

main()

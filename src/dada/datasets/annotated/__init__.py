"""Pictures with boxes or masks: one file per format, all behind `dada.datasets.annotated.found`."""

"""Pages and pictures, made from run files alone."""

from dada.report.page import write_report
from dada.report.samples import save_samples
from dada.report.sheet import contact_sheet
from dada.report.verdict import verdict

__all__ = ["contact_sheet", "save_samples", "verdict", "write_report"]

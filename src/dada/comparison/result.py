"""The result of a comparison: plain data that a notebook shows as a table, with the answer."""

from __future__ import annotations

from dada.markup import BAD, GOOD, bold, coloured, lines, muted, table
from dada.report.comparison_part import comparison_part, lead_of
from dada.report.numbers import capitalised
from dada.report.verdict import policy_rows, verdict
from dada.runs import Result
from dada.tasks import metric_recorded

_COLOURS = {"helped": GOOD, "hurt": BAD}


class ComparisonResult(Result):
    """What `dada.compare` returns: the contents of `comparison.json`."""

    def _repr_html_(self) -> str:
        """What a notebook shows: the answer, the rows, and what was trained."""
        part, leading = comparison_part(self, []), policy_rows(self)
        rows = [
            (
                bold(row["name"]) if row["name"] in leading else row["name"],
                row["error"],
                row["difference"],
                coloured(row["words"], _COLOURS.get(row["effect"], "")),
            )
            for row in part.rows
        ]
        heading = capitalised(metric_recorded(self).title)
        held = (
            f"± is the half-width of a 95\N{NO-BREAK SPACE}% interval over {part.held}; "
            "differences are paired."
        )
        return table(
            rows,
            head=("Augmentation", heading, "Difference, points", ""),
            title=lines(verdict(self)),
            notes=[muted(lead_of(self)), muted(held)],
        )

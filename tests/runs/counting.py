"""Works that only count, to see what the loop does with any of them."""

from dada.errors import DivergedError, UserError
from dada.runs import Work

CONFIG = {"kind": "count", "settings": {}, "data": {"fingerprint": "a"}}


class Counting(Work):
    """Adds up 1, 2, …; its sum after each iteration is a file and an entry of the record."""

    noun = "count"

    def __init__(self, length=4, converges=None, diverges=None):
        self.at, self.total, self.goal = 0, 0, length
        self.converges, self.diverges = converges, diverges
        self.reports = 0

    @property
    def iteration(self):
        return self.at

    @property
    def length(self):
        return self.goal

    def advance(self, on_progress):
        self.at += 1
        if self.at == self.diverges:
            raise DivergedError(f"the sum is not a finite number in epoch {self.at}")
        self.total += self.at
        on_progress()
        return {"event": "epoch", "epoch": self.at, "total": self.total, "seconds": 0.5}

    def state_dict(self):
        return {"epoch": self.at, "total": self.total}

    def load_state_dict(self, state):
        self.at, self.total = state["epoch"], state["total"]

    def converged(self, records):
        return f"{len(records)} are enough" if len(records) == self.converges else None

    def start(self, run):
        run.add_event({"event": "start", "length": self.goal})

    def save(self, run, records):
        run.write_json("sum.json", {"sum": self.total})
        return {"saved": self.total}

    def finish(self, run, records):
        if run:
            run.write_json("result.json", {"totals": [record["total"] for record in records]})
        return self.total

    def report(self, run):
        self.reports += 1
        if not any(event["event"] == "epoch" for event in run.events):
            raise UserError("nothing to report")


class Collecting(Work):
    """Makes things in an order of its own; what it has made is all its state."""

    noun, event, checkpointed = "collection", "thing", False

    def __init__(self, wanted="abcdef"):
        self.missing, self.count = sorted(wanted, reverse=True), len(wanted)

    @property
    def iteration(self):
        return self.count - len(self.missing)

    @property
    def length(self):
        return self.count

    def advance(self, on_progress):
        return {"event": "thing", "name": self.missing.pop(0), "seconds": 1.0}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        there = [record["name"] for record in state["records"]]
        self.missing = [name for name in self.missing if name not in there]

    def finish(self, run, records):
        return sorted(record["name"] for record in records)

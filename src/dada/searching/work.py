"""A search as a run: what it leaves in its folder after each round or epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dada.datasets import Dataset
from dada.deadline import Deadline
from dada.policy import AnyPolicy, save_policy
from dada.policy.files import checksum
from dada.report import save_samples
from dada.runs import RunFolder, Work
from dada.runs.work import Part, Record, Tick
from dada.searching.budget import replan
from dada.searching.method import SearchMethod
from dada.searching.page import write_page


class SearchWork(Work[AnyPolicy]):
    """A search: a policy and its page after each round or epoch.

    Args:
        search: a new search.
        dataset: the data that it searches on.
        config: the run's, recorded as the policy's origin.
        deadline: when the search must end; None for no limit.
        most: largest number of epochs, however much time there is.
    """

    noun = "search"

    def __init__(
        self,
        search: SearchMethod,
        dataset: Dataset,
        config: dict[str, Any],
        deadline: Deadline | None,
        most: int,
    ) -> None:
        self.search, self.dataset, self.config = search, dataset, config
        self.deadline, self.most = deadline, most

    @property
    def settings(self) -> dict[str, Any]:
        """See `Work`."""
        found: dict[str, Any] = self.config["settings"]
        return found

    def scalars(self, record: Record) -> tuple[int, dict[str, float]]:
        """The round's or epoch's own, and the effects of operations where they were measured."""
        number, values = super().scalars(record)
        known = (record.get("findings") or {}).get("operations") or {}
        return number, values | {f"effect/{n}": found["effect"] for n, found in known.items()}

    @property
    def iteration(self) -> int:
        """See `Work`."""
        return self.search.iteration

    @property
    def length(self) -> int:
        """See `Work`."""
        return self.search.length

    @property
    def ticks(self) -> tuple[int, int]:
        """Steps, or epochs of trials; see `Work`."""
        steps = self.search.steps
        return sum(steps[: self.search.iteration]), sum(steps)

    @property
    def parts(self) -> list[Part]:
        """See `Work`."""
        return self.search.parts

    def advance(self, on_progress: Tick) -> Record:
        """See `Work`. What an engine had to mend, and a plan that was changed to meet the deadline,
        are in the record."""
        search = self.search
        record = search.advance(on_progress)
        if mended := search.problem.engine.incidents():
            record["incidents"] = mended
        if self.deadline:
            changed = replan(search, record, self.deadline, self.most)
            if changed:
                record |= {"plan": list(search.plan), "replanned": changed}
        return record

    def converged(self, records: Sequence[Record]) -> str | None:
        """See `Work`."""
        return self.search.converged(records)

    def state_dict(self) -> dict[str, Any]:
        """See `Work`."""
        return self.search.state_dict()

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """See `Work`."""
        self.search.load_state_dict(state)

    def start(self, run: RunFolder) -> None:
        """Record what is searched, and save a few training images for the page."""
        search, images = self.search, self.dataset.train
        where = search.problem.engine.words()
        run.add_event(
            {
                "event": "start",
                "sub_policies": [list(n) for n in search.problem.space.sub_policies],
                "unit": search.unit,
                "length": search.length,
                "parameters": search.parameter_count,
                **({"engine": where} if where else {}),
            }
        )
        save_samples(run, images.subset(range(0, len(images), max(1, len(images) // 8))[:8]))

    def save(self, run: RunFolder, records: Sequence[Record]) -> Record:
        """Save the policy so far."""
        path = save_policy(self.policy(), run.path / "policy.json")
        return {"policy_checksum": checksum(path.read_bytes())}

    def finish(self, run: RunFolder | None, records: Sequence[Record]) -> AnyPolicy:
        """The policy, saved again if the folder of a finished search has lost it."""
        if run and not (run.path / "policy.json").exists():
            self.save(run, records)
        return self.policy()

    def report(self, run: RunFolder) -> None:
        """See `Work`."""
        write_page(run)

    def policy(self) -> AnyPolicy:
        """The policy so far, with a record of its origin."""
        return self.search.policy(self.dataset.name, provenance(self.config, self.search))


def provenance(config: dict[str, Any], search: SearchMethod) -> dict[str, Any]:
    """What a policy file says of its origin; no times or folders, so that equal searches give equal
    files."""
    data, settings = config["data"], config["settings"] | search.changed_plan
    if weights := settings.get("weights"):
        settings |= {"weights": Path(weights).name}
    return {
        "method": search.title,
        "data": {key: data[key] for key in ("name", "fingerprint", "train")},
        "epochs_done": search.iteration,
        "settings": settings,
        "versions": config["versions"],
        "machine": config["machine"],
    }

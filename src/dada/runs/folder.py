"""A run is a folder: config.json, events.jsonl, checkpoint.pt and what the run produces."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from dada.errors import UserError, option
from dada.runs.config import difference, problem
from dada.runs.events import append_event, read_events, write_events
from dada.runs.lock import LOCK, FolderLock
from dada.runs.objects import read_object, write_object
from dada.runs.tensors import read_tensors, write_tensors

CONFIG, EVENTS, CHECKPOINT = "config.json", "events.jsonl", "checkpoint.pt"
BEFORE = "checkpoint-before.pt"

_LEFTOVERS = re.compile(
    rf"{re.escape(LOCK)}|.+\.\d+-[0-9a-f]{{8}}\.partial|config\.json\.partial", re.S
)
"""Files that a process may leave when it is killed before it writes the config."""

Upgrade = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


class RunFolder:
    """Reads and writes one run. Files are replaced whole: a killed process leaves no partial ones.

    Files carry checksums, which are verified on reading; those of older releases have none.
    `begin` makes the process the folder's only owner, until `close`.

    Args:
        path: the folder; see `begin`, `create` and `open`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock: FolderLock | None = None

    @classmethod
    def begin(
        cls,
        path: str | Path,
        config: dict[str, Any],
        resume: bool,
        upgrade: Upgrade | None = None,
    ) -> RunFolder:
        """A new run (`create`), or the one to resume (`resume`), owned by this process.

        A run that was killed before it had a config begins anew either way.

        Raises:
            UserError: as `create` and `resume`; or another process owns the folder.
        """
        run = cls(path)
        new = not resume or run.bare
        if new:
            run.check_free()
        else:
            cls.open(path)
        run._make()
        run._lock = FolderLock(run.path)
        try:
            for file in run.path.glob("*.partial"):
                if _LEFTOVERS.fullmatch(file.name):
                    file.unlink(missing_ok=True)
            # Check again: another process may have begun a run in the meantime.
            _ = cls.create(path, config) if new else cls.resume(path, config, upgrade)
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def create(cls, path: str | Path, config: dict[str, Any]) -> RunFolder:
        """A new run.

        Raises:
            UserError: the folder holds something already, or cannot be written.
        """
        run = cls(path)
        run.check_free()
        run._make()
        run.write_json(CONFIG, config)
        return run

    @classmethod
    def resume(
        cls, path: str | Path, config: dict[str, Any], upgrade: Upgrade | None = None
    ) -> RunFolder:
        """An existing run of the same configuration.

        Args:
            upgrade: from the run's config and the given one, the run's config as this release
                would have written it.

        Raises:
            UserError: there is no run, or it was started with another configuration.
        """
        run = cls.open(path)
        before = run.config
        found = difference(upgrade(before, config) if upgrade else before, config)
        if found:
            key, value, now = found
            raise UserError(
                f"{run.path} was started with {key} = {value!r}, not {now!r}: "
                "use the same, or start a new run in another folder"
            )
        return run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run, to read.

        Raises:
            UserError: there is no run in the folder.
        """
        run = cls(path)
        if not (run.path / CONFIG).is_file():
            raise UserError(f"no run in {run.path}: it has no {CONFIG}")
        return run

    def close(self) -> None:
        """Let others own the folder."""
        if self._lock:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def bare(self) -> bool:
        """Whether the folder exists and holds nothing but what a run writes before its config."""
        return self.path.is_dir() and all(_LEFTOVERS.fullmatch(p.name) for p in self.path.iterdir())

    def check_free(self) -> None:
        """Refuse a folder that a new run cannot have.

        Raises:
            UserError: it holds something already.
        """
        if (self.path / CONFIG).exists():
            raise UserError(
                f"{self.path} holds a run already: resume it with {option('resume', True)}, or "
                "choose another folder"
            )
        if self.path.is_dir() and not self.bare:
            raise UserError(f"{self.path} is not empty: choose another folder")

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the run folder {self.path}: {error.strerror}") from None

    @property
    def config(self) -> dict[str, Any]:
        """What the run was started with.

        Raises:
            UserError: the file is missing or damaged.
        """
        config = self.read_json(CONFIG)
        wrong = problem(config)
        if wrong:
            raise UserError(f"{self.path / CONFIG}: not the configuration of a run ({wrong})")
        return config

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened so far, in order, without an unfinished last line of a killed process.

        Raises:
            UserError: another line is damaged.
        """
        events, damaged = self.readable_events()
        if damaged:
            raise UserError(f"{self.path / EVENTS}: {damaged}")
        return events

    def readable_events(self) -> tuple[list[dict[str, Any]], str | None]:
        """The events before the first damaged line, and what is wrong with it, or None."""
        return read_events(self.path / EVENTS)

    def add_event(self, event: dict[str, Any]) -> None:
        """Append one line to the events."""
        append_event(self.path / EVENTS, event)

    def keep_events(self, events: list[dict[str, Any]]) -> None:
        """Replace the events, to drop those newer than the checkpoint that a run resumes from."""
        write_events(self.path / EVENTS, events)

    def write_json(self, name: str, data: dict[str, Any]) -> Path:
        """Write a file of the run as JSON."""
        return write_object(self.path / name, data)

    def read_json(self, name: str) -> Any:
        """Read a file of the run.

        Raises:
            UserError: it is missing or damaged.
        """
        return read_object(self.path / name)

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint, once the new one is safely on disk, and keep the previous one."""
        # A process killed between the two renames leaves only the previous one.
        write_tensors(self.path / CHECKPOINT, state, keep=self.path / BEFORE)

    def save_tensors(self, name: str, state: dict[str, Any]) -> None:
        """Replace a file of tensors and plain data, once the new one is safely on disk."""
        write_tensors(self.path / name, state)

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint on the CPU, or None before the first.

        Raises:
            UserError: as `load_tensors`, with an offer to use the previous one.
        """
        if not (self.path / CHECKPOINT).exists():
            return self.load_tensors(BEFORE) if (self.path / BEFORE).exists() else None
        try:
            return self.load_tensors(CHECKPOINT)
        except UserError as error:
            raise UserError(f"{error}{self.offer()}") from None

    def offer(self) -> str:
        """The end of a message: what to do about a checkpoint that cannot be used."""
        try:
            before = self.load_tensors(BEFORE)
        except UserError:
            return "; start anew in another folder"
        epoch = f", of epoch {before['epoch']}" if "epoch" in before else ""
        return f"; delete {CHECKPOINT} to resume from the one before{epoch}"

    def load_tensors(self, name: str) -> dict[str, Any]:
        """What `save_tensors` wrote, on the CPU.

        Raises:
            UserError: the file is missing, damaged or holds more than tensors and plain data.
        """
        return read_tensors(self.path / name)

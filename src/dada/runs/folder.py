"""A run is a folder: config.json, events.jsonl, checkpoint.pt and what the run produces."""

from __future__ import annotations

import io
import json
import os
import warnings
from pathlib import Path
from typing import Any, Protocol

import torch

from dada.errors import UserError
from dada.files import replace_file

CONFIG, EVENTS, CHECKPOINT = "config.json", "events.jsonl", "checkpoint.pt"

_WHOLE = ("settings", "policies", "seed", "loss", "before", "after")
"""Of a config, what a run must share as it is with the run that it goes on from."""


class RunFolder:
    """Reads and writes one run. Files are replaced whole, so a killed process leaves no half.

    Args:
        path: the folder; see `create` and `open`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def begin(cls, path: str | Path, config: dict[str, Any], resume: bool) -> RunFolder:
        """A new run (`create`), or the one to go on with (`resume`)."""
        return cls.resume(path, config) if resume else cls.create(path, config)

    @classmethod
    def create(cls, path: str | Path, config: dict[str, Any]) -> RunFolder:
        """A new run.

        Raises:
            UserError: the folder holds something already, or cannot be written.
        """
        run = cls(path)
        if (run.path / CONFIG).exists():
            raise UserError(
                f"{run.path} holds a run already: go on with --resume, or choose another folder"
            )
        if run.path.is_dir() and any(run.path.iterdir()):
            raise UserError(f"{run.path} is not empty: choose another folder")
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the run folder {run.path}: {error.strerror}") from None
        run.write_json(CONFIG, config)
        return run

    @classmethod
    def resume(cls, path: str | Path, config: dict[str, Any]) -> RunFolder:
        """An existing run of the same configuration.

        Raises:
            UserError: there is none, or it was started with another configuration.
        """
        run = cls.open(path)
        before, now = _flat(_decisive(run.config)), _flat(_decisive(json.loads(json.dumps(config))))
        for key in sorted(before | now):
            if before.get(key) != now.get(key):
                raise UserError(
                    f"{run.path} was started with {key} = {before.get(key)!r}, "
                    f"not {now.get(key)!r}: use the same, or start a new run in another folder"
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

    @property
    def config(self) -> dict[str, Any]:
        """What the run was started with.

        Raises:
            UserError: the file is missing or damaged.
        """
        config = self.read_json(CONFIG)
        if not isinstance(config, dict) or not isinstance(config.get("data", {}), dict):
            raise UserError(f"{self.path / CONFIG}: not the configuration of a run")
        return config

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened so far, in order. A last line that a killed process left unfinished is not.

        Raises:
            UserError: the file is damaged elsewhere.
        """
        path = self.path / EVENTS
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        events = []
        for number, line in enumerate(lines, 1):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict):
                events.append(event)
            elif number < len(lines):
                raise UserError(f"{path}: line {number} is damaged")
        return events

    def add_event(self, event: dict[str, Any]) -> None:
        """Append one line to the events."""
        try:
            with (self.path / EVENTS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(event) + "\n")
        except OSError as error:
            raise UserError(f"cannot write {self.path / EVENTS}: {error.strerror}") from None

    def keep_events(self, events: list[dict[str, Any]]) -> None:
        """Replace the events: what came after the checkpoint that a run resumes from goes."""
        replace_file(
            self.path / EVENTS, "".join(json.dumps(event) + "\n" for event in events).encode()
        )

    def write_json(self, name: str, data: Any) -> Path:
        """Write a file of the run as JSON."""
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        # A name that is not UTF-8 has lone surrogates: escaped, they are JSON and come back.
        return replace_file(self.path / name, text.encode(errors="backslashreplace"))

    def read_json(self, name: str) -> Any:
        """Read a file of the run.

        Raises:
            UserError: it is missing or damaged.
        """
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"{self.path / name}: cannot be read ({error})") from None

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint, once the new one is safely on disk."""
        self.save_tensors(CHECKPOINT, state)

    def save_tensors(self, name: str, state: dict[str, Any]) -> None:
        """Replace a file of tensors and plain data, once the new one is safely on disk."""
        partial, memory = self.path / (name + ".partial"), io.BytesIO()
        try:
            # Into memory first: writing a file, torch.save makes Ctrl-C and a full disk alike
            # a RuntimeError.
            torch.save(state, memory)
            with partial.open("wb") as file:
                file.write(memory.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path / name)
        except OSError as error:
            raise UserError(f"cannot write {self.path / name}: {error}") from None

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint on the CPU, or None before the first.

        Raises:
            UserError: as `load_tensors`.
        """
        return self.load_tensors(CHECKPOINT) if (self.path / CHECKPOINT).exists() else None

    def load_tensors(self, name: str) -> dict[str, Any]:
        """What `save_tensors` wrote, on the CPU.

        Raises:
            UserError: the file is missing, damaged or holds more than tensors and plain data.
        """
        path = self.path / name
        try:
            with warnings.catch_warnings(action="ignore"):  # what is wrong is said below
                state = torch.load(path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            raise UserError(f"{path}: no such file") from None
        except Exception as error:  # unpickling fails in many ways, all of them the file's
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{path}: not a checkpoint of this program ({reason:.80})") from None
        if not isinstance(state, dict):
            raise UserError(f"{path}: not a checkpoint of this program")
        return state


class Resumable(Protocol):
    """What goes on from a checkpoint, an epoch at a time."""

    epoch: int

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go on from a state."""


def restore(going: Resumable, state: dict[str, Any], run: RunFolder | None, what: str) -> None:
    """Go on from a checkpoint's state; events that are newer than it go.

    Args:
        run: the run that it is from, in the process that has it.
        what: "search" or "training".

    Raises:
        UserError: the state is of something else.
    """
    try:
        going.load_state_dict(state)
    except Exception:  # what does not fit fails in many ways, all of them the file's
        where = f"{run.path / CHECKPOINT}: " if run else ""
        raise UserError(f"{where}not a checkpoint of this {what}") from None
    if run:
        run.keep_events([e for e in run.events if e.get("epoch", 0) <= going.epoch])


def _decisive(config: dict[str, Any]) -> dict[str, Any]:
    """What a run must share with the run that it goes on from: not the path of its data, say."""
    decisive = {"data": ("fingerprint",), "machine": ("device", "precision")}
    parts = {k: {n: config.get(k, {}).get(n) for n in names} for k, names in decisive.items()}
    whole = {key: config.get(key, {}) for key in _WHOLE}
    return {"kind": config.get("kind")} | parts | whole


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat

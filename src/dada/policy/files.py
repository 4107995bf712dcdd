"""Policies as files: by name, by path, or in the folder of the run that found them."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from importlib.resources import files
from os import PathLike
from pathlib import Path

from dada.errors import UserError, option
from dada.files import opened, replace_file
from dada.names import published_policies
from dada.policy.schedule import AnyPolicy
from dada.policy.text import LARGEST_FILE, dumps, loads

_PUBLISHED = files("dada.policy") / "published"


def save_policy(policy: AnyPolicy, path: str | Path) -> Path:
    """Write the policy as versioned JSON; an existing file is replaced whole or not at all.

    Examples:
        >>> path = save_policy(load_policy("dada-cifar10"), "policy.json")
        >>> load_policy(path) == load_policy("dada-cifar10")
        True
    """
    return replace_file(Path(path), dumps(policy).encode("ascii"))


def published_names() -> tuple[str, ...]:
    """Names of the policies and schedules that ship with the package.

    Examples:
        >>> [name for name in published_names() if name.endswith("cifar10")]
        ['autoaugment-cifar10', 'dada-cifar10', 'fast-autoaugment-cifar10', 'pba-cifar10']
    """
    return published_policies()


def load_policy(source: str | Path) -> AnyPolicy:
    """Load a policy or a schedule by name (`published_names`), from a file, or from a run folder.

    A run folder stands for the policy that its search found. If its ``policy.json`` has been edited
    since, give the path of the file itself.

    Raises:
        UserError: there is no such policy, it cannot be read, or it is not what the search found.

    Examples:
        >>> policy = load_policy("dada-cifar10")
        >>> len(policy.sub_policies), policy.length
        (25, 2)
        >>> load_policy("dada-cifar11")
        Traceback (most recent call last):
        dada.errors.UserError: no policy 'dada-cifar11': neither a file, nor a run folder ...
    """
    if not isinstance(source, str | PathLike):
        raise UserError(f"expected the name or path of a policy, got {type(source).__name__}")
    if str(source) in published_names():
        return loads((_PUBLISHED / f"{source}.json").read_text(encoding="utf-8"))
    path = Path(source)
    try:
        folder = path if path.is_dir() else None
        path = path / "policy.json" if folder else path
        found = path.is_file()
    except OSError:  # for example, too long to be a path
        found = False
    if not found:
        raise UserError(
            f"no policy {str(source)!r}: neither a file, nor a run folder with a policy.json, "
            f"nor one of {', '.join(published_names())}"
        )
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"{path}: too large to be a policy")
    try:
        content = path.read_bytes()
        policy = loads(content.decode("utf-8-sig"), name=path.stem)
        if folder:
            _check_found(policy, content, folder)
        return policy
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error})") from None


def as_policy(given: str | Path | AnyPolicy) -> AnyPolicy:
    """What the user names: a policy as it is, anything else as `load_policy` finds it."""
    return given if isinstance(given, AnyPolicy) else load_policy(given)


def checksum(content: bytes) -> str:
    """16 hexadecimal digits for a policy's file; the search records them with each epoch."""
    return hashlib.sha256(content).hexdigest()[:16]


def _check_found(policy: AnyPolicy, content: bytes, folder: Path) -> None:
    """Compare a run's policy with the checksum that its search recorded, if there is one.

    Raises:
        UserError: they differ.
    """
    recorded, number = None, policy.provenance.get("epochs_done")
    # Damaged events are reported by the code that needs them.
    with suppress(OSError, UserError, TypeError, ValueError, RecursionError):
        with opened(folder / "events.jsonl", 2**28) as file:
            events = [json.loads(line) for line in file]
        epochs = [e for e in events if isinstance(e, dict) and e.get("event") == "epoch"]
        recorded = {e.get("epoch"): e.get("policy_checksum") for e in epochs}.get(number)
    if recorded is not None and recorded != checksum(content):
        raise UserError(
            "edited or damaged since the search wrote it: give the path of the file itself to use "
            f"it, or move it away and resume the search with {option('resume', True)} to write it "
            "again"
        )

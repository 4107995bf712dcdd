"""What a run was started with, so that it can be resumed from its folder alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dada.errors import UserError
from dada.models.create import check_name
from dada.names import DATASETS, INSTANCES
from dada.policy import AnyPolicy, loads
from dada.runs.folder import RunFolder
from dada.tasks import task_recorded

_HOOKS = {"loss": "loss", "before": "transform before the policy", "after": "transform after it"}


@dataclass(frozen=True)
class Recalled:
    """A run as it was started.

    Attributes:
        path: the run folder.
        kind: "search", "compare" or "train", the function of `dada` that started it.
        arguments: keyword arguments with which that function, given ``out=path, resume=True`` as
            well, resumes the run: ``data`` and ``side``, ``device``, ``preset`` or ``recipe``,
            ``policies`` or ``policy``, ``seeds`` or ``seed``, and all settings.
    """

    path: Path
    kind: str
    arguments: dict[str, Any]


def recall(path: str | Path, data: str | None = None) -> Recalled:
    """What a run was started with.

    Args:
        path: the run folder.
        data: where its images are now, if they have moved; they must be the same.

    Raises:
        UserError: there is no run, its images are not where they were, or it was started with code
            from Python.
    """
    run = RunFolder.open(path)
    config = run.config
    kind = config.get("kind")
    if not isinstance(kind, str) or kind not in _OF_KIND:
        raise UserError(f"{run.path}: a run of an unknown kind {kind!r:.60}")
    settings = dict(config.get("settings", {}))
    _check_hooks(run.path, config, settings.get("model"))
    described = config.get("data", {})
    for name in config.get("plan", {}).get("settings", {}):  # chosen, and chosen again by the run
        settings.pop(name, None)
    if settings.get("images"):  # those asked for, before unreadable files were left out
        settings["images"] += len(described.get("skipped", ()))
    arguments = {
        "data": data or _source(run.path, described),
        "side": _side(described),
        "device": config.get("machine", {}).get("device", "auto"),
    }
    preset = settings.pop("preset", "default")
    of_kind = _OF_KIND[kind](run, config, preset)
    return Recalled(run.path, kind, {**arguments, **of_kind, **settings})


def _search(run: RunFolder, config: Mapping[str, Any], preset: str) -> dict[str, Any]:
    return {"preset": preset}


def _comparison(run: RunFolder, config: Mapping[str, Any], preset: str) -> dict[str, Any]:
    done = [event["seed"] for event in run.events if event.get("event") == "training"]
    seeds = max([config.get("seeds", 3), *(seed + 1 for seed in done)])
    policies = {name: loads(text) for name, text in config.get("policies", {}).items()}
    return {"preset": preset, "policies": policies, "seeds": seeds}


def _training(run: RunFolder, config: Mapping[str, Any], preset: str) -> dict[str, Any]:
    texts = [text for text in config.get("policies", {}).values() if text]
    policy: str | AnyPolicy = loads(texts[0]) if texts else config.get("policy", "none")
    return {"recipe": preset, "policy": policy, "seed": config.get("seed", 0)}


_OF_KIND = {"search": _search, "compare": _comparison, "train": _training}


def _side(described: Mapping[str, Any]) -> int | None:
    """The side that was chosen, if it was. Images with boxes or masks are resized to any shape, of
    which it is the shorter side; others that are not squares were not resized."""
    height, width = described.get("side", (0, 0))
    task = task_recorded(described)
    resized = height == width or (task is not None and task.moves)
    shorter = min(height, width)
    return shorter if resized and 8 <= shorter <= 1024 else None


def _source(path: Path, described: Mapping[str, Any]) -> str:
    source = str(described.get("source", ""))
    if not source:
        raise UserError(
            f"{path}: its images came from Python, as {described.get('name', 'they are')!r}: "
            "resume it there, with the same data"
        )
    place = Path(source.removeprefix(INSTANCES)).expanduser()
    if source in DATASETS or source.startswith("hf:") or place.exists():
        return source
    raise UserError(f"{path}: its images are no longer at {source}: say where they are now")


def _check_hooks(path: Path, config: Mapping[str, Any], model: Any) -> None:
    """Refuse a run with code from Python, of which a file keeps only the name."""
    hooks = [f"a {what}, {config[name]}" for name, what in _HOOKS.items() if name in config]
    try:
        check_name(str(model))
    except UserError:
        hooks.append(f"a network, {model}")
    if hooks:
        raise UserError(
            f"{path} was started from Python with {' and '.join(hooks)}: resume it there, with the "
            "same"
        )

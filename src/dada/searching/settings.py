"""Search settings: from a preset or a method and single changes, and from older runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dada.datasets import Chosen, FileDataset, reduced
from dada.errors import UserError, first_line, meant
from dada.runs import RunFolder
from dada.runs.folder import CONFIG
from dada.searching.common_settings import SearchSettings
from dada.searching.engines import LOCAL, Engine
from dada.searching.method import SearchMethod
from dada.searching.methods import METHODS
from dada.searching.presets import PRESETS
from dada.tasks import Task
from dada.training.network import with_later
from dada.training.presets import check_model, check_preset, preset_for

RENAMED = {"price": "kl_weight", "settled": "tolerance"}
"""Former names of settings, accepted until the next version."""
_FORMER_HORIZONS = {"training": 1.0, "step": 0.0}
"""What release 0.2 called them."""
_FORMER_DEFAULTS = {"kl_weight": 0.6}
"""Those of release 0.2, whose runs recorded them whatever their method."""
_OF_TRIALS = ("fast", "demo")
"""Presets whose trials are otherwise those of finetune, where they start from weights."""
_FORMER_METHODS = {"trials": {"method": "dada", "horizon": 1.0}}
"""What release 0.3 called whole trainings; its "dada" was one step ahead."""


@cache
def known_settings() -> tuple[str, ...]:
    """Names of the settings of all methods, former names included."""
    fields = (name for form in _forms() for name in form.Settings.model_fields)
    return (*dict.fromkeys(fields), *RENAMED)


def method_for(settings: Mapping[str, Any]) -> type[SearchMethod]:
    """The class that searches with these settings, which this release wrote (`upgraded`)."""
    return METHODS[settings["method"]].at(settings)


def _forms() -> list[type[SearchMethod]]:
    return [form for method in METHODS.values() for form in method.forms()]


def make_settings(
    preset: str = "default", *, method: str | None = None, **overrides: Any
) -> SearchSettings:
    """A preset's settings with single ones replaced; None keeps the preset's.

    Args:
        preset: a name in `PRESETS`.
        method: a name in `METHODS`; None is the preset's.

    Raises:
        UserError: no such preset, method or setting, a value out of range, or a setting of another
            method.

    Examples:
        >>> make_settings("step").horizon
        0.0
        >>> make_settings(method="random", policies=8).policies
        8
    """
    check_preset(preset, PRESETS)
    now = modern({**overrides, "method": method})
    given = {name: value for name, value in now.items() if value is not None}
    chosen = given.get("method", PRESETS[preset]["method"])
    if not isinstance(chosen, str) or chosen not in METHODS:
        raise UserError(f"no search method {chosen!r}; there are {', '.join(METHODS)}")
    form = METHODS[chosen].at({**PRESETS[preset], **given})
    usual: Mapping[str, Any] = {}
    if given.get("weights"):
        preset, usual = _from_weights(preset, form)
    values = {**usual, **PRESETS[preset], **given, "method": chosen, "preset": preset}
    older = isinstance(overrides.get("horizon"), str)  # 0.2 recorded all methods' settings
    for name in [name for name in values if name not in form.Settings.model_fields]:
        value = values.pop(name)
        if not (older and _as_usual(name, value)):
            raise UserError(_not_of(name, form, preset))
    check_model(given)
    try:
        settings = form.Settings.model_validate(values)
    except ValidationError as error:
        raise UserError(f"setting {first_line(error)}") from None
    _ = settings.space  # fail on unknown operations or impossible bounds before loading data
    return settings


def _from_weights(preset: str, form: type[SearchMethod]) -> tuple[str, Mapping[str, Any]]:
    """The preset of a search that starts from weights, and other settings that are then usual.

    A method for which there is no preset trains the network as that of fine-tuning does; one step
    ahead, it is trained as ever.
    """
    tuned = PRESETS["finetune"]
    if form is METHODS[tuned["method"]].at(tuned):
        return preset_for(preset, {"weights": True}), tuned if preset in _OF_TRIALS else {}
    if form.name == tuned["method"]:
        return preset, {}
    shared = SearchSettings.model_fields.keys() - set(form.Settings.without_effect)
    return preset, {name: value for name, value in tuned.items() if name in shared}


def modern(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by their current names.

    Raises:
        UserError: a setting has one value by its former name, and another by its present one.

    Examples:
        >>> modern({"horizon": "step", "settled": 0.0})
        {'horizon': 0.0, 'tolerance': 0.0, 'method': 'dada'}
        >>> modern({"method": "trials"})
        {'method': 'dada', 'horizon': 1.0}
    """
    now: dict[str, Any] = {}
    for name, given in settings.items():
        new = RENAMED.get(name, name)
        before = now.get(new)
        if None not in (before, given) and before != given:
            old = next(old for old in RENAMED if RENAMED[old] == new)
            raise UserError(f"setting {old} is the former name of {new}: give {new} alone")
        now[new] = before if given is None else given
    horizon, method = now.get("horizon"), now.get("method")
    if isinstance(horizon, str) and horizon in _FORMER_HORIZONS:
        now |= {"horizon": _FORMER_HORIZONS[horizon], "method": method or "dada"}
    if isinstance(method, str) and method in _FORMER_METHODS:
        if now.get("horizon") not in (None, _FORMER_METHODS[method]["horizon"]):
            raise UserError(f"method {method} is the former name of a horizon of 1: give one alone")
        now = {**_FORMER_METHODS[method], **{k: v for k, v in now.items() if v is not None}}
        now["method"] = _FORMER_METHODS[method]["method"]
    return now


def upgraded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings as this release writes them; an older release may have written them.

    Examples:
        >>> upgraded({"method": "trials", "rounds": 2, "images": 1000, "price": 0.6})
        {'method': 'dada', 'horizon': 1.0, 'images': 1000, 'kl_weight': 0.6}
        >>> upgraded({"preset": "step"})  # before 0.2, every search was one step ahead
        {'method': 'dada', 'horizon': 0.0, 'preset': 'step'}
    """
    now = modern(settings)
    if now.get("method") in (None, "dada"):
        # Before the horizon was a number, a search without a word about it was one step ahead.
        now = {"method": "dada", "horizon": 0.0, **{k: v for k, v in now.items() if v is not None}}
    if now["method"] not in METHODS:
        return dict(settings)
    fields = method_for(now).Settings.model_fields
    chosen = {name: value for name, value in now.items() if name in fields}
    return {"method": now["method"], **chosen}


def check_resumable(out: str | Path) -> None:
    """Refuse a search by the trials of an older release, before its settings are looked at.

    Raises:
        UserError: there is one in the folder.
    """
    run = RunFolder(out)
    if not (run.path / CONFIG).is_file():
        return  # which is for others to say
    settings = run.config.get("settings", {})
    if settings.get("method") == "trials" or settings.get("horizon") == "training":
        raise UserError(
            f"{run.path}: its trials were begun by another release, on other parts of the images: "
            "finish the search with that release, or start it anew in another folder"
        )


def check_divisible(settings: SearchSettings, engine: str | Engine) -> None:
    """Refuse an engine that would have nothing to run.

    Raises:
        UserError: the search trains a single network.
    """
    kind = method_for(settings.model_dump())
    if engine not in ("local", LOCAL) and not kind.divisible:
        form = f" {kind.form}" if kind.form else ""
        raise UserError(
            f"engine: method {kind.name}{form} trains a single network, which no engine can divide"
        )


def check_moving(settings: SearchSettings, task: Task) -> None:
    """Refuse a method that cannot search for the task.

    Raises:
        UserError: labels move with the pixels, which the method does not support.
    """
    kind = method_for(settings.model_dump())
    if task.moves and not kind.moving:
        able = ", ".join(_in_words(form) for form in _forms() if form.moving)
        raise UserError(
            f"{task.name}: method {_in_words(kind)} cannot search where labels move with the "
            f"pixels: give {able}"
        )


def as_now(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The config of a run as this release would have written it.

    Args:
        before: the config as written, by this release or an older one.
        now: the config of the search that resumes the run; it fills in what was left open.
    """
    chosen = {k: v for k, v in upgraded(before["settings"]).items() if v is not None}
    if chosen.items() >= before["settings"].items():
        later = with_later(method_for(chosen).Settings, before["settings"])
        return {**before, "settings": later}
    return {**before, "settings": {**now["settings"], **chosen}}


def choose_images(settings: SearchSettings, files: FileDataset) -> Chosen:
    """The images that a search uses, chosen by their labels before they are decoded."""
    rows = reduced(files.train.labels, settings.images_of(files), classes=files.classes)
    return Chosen(rows, test=False, validation=settings.validated)


def _as_usual(name: str, value: Any) -> bool:
    """Whether a setting of other methods has their default, as in older runs' configs."""
    fields = (form.Settings.model_fields.get(name) for form in _forms())
    usual = [field.get_default(call_default_factory=True) for field in fields if field]
    usual += [_FORMER_DEFAULTS[name]] if name in _FORMER_DEFAULTS else []
    return any(value == one or (isinstance(one, tuple) and value == list(one)) for one in usual)


def _not_of(name: str, form: type[SearchMethod], preset: str) -> str:
    """The message for a setting that the method does not have."""
    chosen = PRESETS[preset]
    if name in chosen:
        of, others = f"the preset {preset}", [METHODS[chosen["method"]].at(chosen)]
    else:
        of = f"setting {name}"
        others = [other for other in _forms() if name in other.Settings.model_fields]
    if not others:
        return f"no setting {name!r}{meant(name, known_settings())}"
    only = ", ".join(map(_in_words, others))
    return f"{of} has no effect with method {_in_words(form)}, only with {only}"


def _in_words(form: type[SearchMethod]) -> str:
    return f"{form.name} {form.form}".strip()

"""Search settings: from a preset or a method and single changes, and from older runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from dada.datasets import Chosen, FileDataset, reduced
from dada.errors import UserError, first_line, meant
from dada.searching.common_settings import SearchSettings
from dada.searching.methods import METHODS
from dada.searching.presets import PRESETS
from dada.training.presets import check_model, check_preset

RENAMED = {"price": "kl_weight", "settled": "tolerance", "horizon": "method"}
"""Former names of settings, accepted until the next version."""
HORIZONS = {"training": "trials", "step": "dada"}
"""Methods by the former setting `horizon`."""


@cache
def known_settings() -> tuple[str, ...]:
    """Names of the settings of all methods, former names included."""
    fields = (name for method in METHODS.values() for name in method.Settings.model_fields)
    return (*dict.fromkeys(fields), *RENAMED)


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
        >>> make_settings("demo").method
        'trials'
        >>> make_settings(method="random", policies=8).policies
        8
    """
    check_preset(preset, PRESETS)
    now = modern({**overrides, "method": method})
    given = {name: value for name, value in now.items() if value is not None}
    chosen = given.get("method", PRESETS[preset]["method"])
    if not isinstance(chosen, str) or chosen not in METHODS:
        raise UserError(f"no search method {chosen!r}; there are {', '.join(METHODS)}")
    values = {**PRESETS[preset], **given, "method": chosen, "preset": preset}
    kind = METHODS[chosen].Settings
    older = "horizon" in overrides  # the release that wrote it recorded all methods' settings
    for name in [name for name in values if name not in kind.model_fields]:
        value = values.pop(name)
        if not (older and _as_usual(name, value)):
            raise UserError(_not_of(name, chosen, preset))
    check_model(given)
    try:
        settings: SearchSettings = _union().validate_python(values)
    except ValidationError as error:
        raise UserError(f"setting {_line(error)}") from None
    _ = settings.space  # fail on unknown operations or impossible bounds before loading data
    return settings


def modern(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by their current names.

    Raises:
        UserError: the former setting `horizon` has an unknown value, or a setting has one value by
            its former name, and another by its present one.

    Examples:
        >>> modern({"horizon": "step", "settled": 0.0})
        {'method': 'dada', 'tolerance': 0.0}
    """
    now: dict[str, Any] = {}
    for name, given in settings.items():
        new = RENAMED.get(name, name)
        value = _method_at(given) if name == "horizon" and given is not None else given
        before = now.get(new)
        if None not in (before, value) and before != value:
            old = next(old for old in RENAMED if RENAMED[old] == new)
            raise UserError(f"setting {old} is the former name of {new}: give {new} alone")
        now[new] = before if value is None else value
    return now


def _method_at(horizon: Any) -> str:
    if not isinstance(horizon, str) or horizon not in HORIZONS:
        raise UserError(f"setting horizon: {horizon!r}: must be {' or '.join(HORIZONS)}")
    return HORIZONS[horizon]


def method_of(settings: Mapping[str, Any]) -> str:
    """The name of a run's method, from settings that an older release may have written.

    Examples:
        >>> method_of({"horizon": "training"}), method_of({"preset": "step"})
        ('trials', 'dada')
    """
    # Before there was a choice, every search was DADA's.
    return str(modern(settings).get("method") or "dada")


def upgraded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings as this release writes them; an older release may have written them."""
    method = method_of(settings)
    if method not in METHODS:
        return dict(settings)
    fields = METHODS[method].Settings.model_fields
    return {
        "method": method,
        **{name: value for name, value in modern(settings).items() if name in fields},
    }


def as_now(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The config of a run as this release would have written it.

    Args:
        before: the config as written, by this release or an older one.
        now: the config of the search that resumes the run; it fills in what was left open.
    """
    if "method" in before["settings"]:
        return before
    chosen = {k: v for k, v in upgraded(before["settings"]).items() if v is not None}
    return {**before, "settings": {**now["settings"], **chosen}}


def choose_images(settings: SearchSettings, files: FileDataset) -> Chosen:
    """The training images that a search uses, chosen by their labels before they are decoded."""
    images = settings.images_of(files)
    return Chosen(reduced(files.train.labels, images, classes=files.classes), test=False)


@cache
def _union() -> TypeAdapter[Any]:
    kinds: Any = None
    for method in METHODS.values():
        kinds = method.Settings if kinds is None else kinds | method.Settings
    return TypeAdapter(Annotated[kinds, Field(discriminator="method")])


def _line(error: ValidationError) -> str:
    """The first problem, without the method's name, which pydantic puts before it."""
    line = first_line(error)
    for method in METHODS:
        line = line.removeprefix(f"{method}.").removeprefix(f"{method}: ")
    return line


def _as_usual(name: str, value: Any) -> bool:
    """Whether a setting of other methods has their default, as in older runs' configs."""
    fields = (method.Settings.model_fields.get(name) for method in METHODS.values())
    usual = [field.get_default(call_default_factory=True) for field in fields if field]
    return any(value == one or (isinstance(one, tuple) and value == list(one)) for one in usual)


def _not_of(name: str, method: str, preset: str) -> str:
    """The message for a setting that the method does not have."""
    others = [m.name for m in METHODS.values() if name in m.Settings.model_fields]
    if not others:
        known = known_settings()
        return f"no setting {name!r}{meant(name, known)}"
    of = f"the preset {preset}" if name in PRESETS[preset] else f"setting {name}"
    return f"{of} has no effect with method {method}, only with {', '.join(others)}"

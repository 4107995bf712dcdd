"""The pipeline around a policy, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def around(settings: Mapping[str, Any]) -> str:
    """Describe what is done to a training image besides the policy.

    Args:
        settings: complete settings by name: crop, padding, flip, cutout, jitter, lighting.

    Examples:
        >>> around({"crop": "padded", "padding": 4, "flip": True, "cutout": 16})
        'crop, flip and Cutout 16'
    """
    s = {name: value for name, value in settings.items() if value}
    resized = s.get("crop") == "resized"
    parts = [
        "random resized crop" if resized else "crop" if "padding" in s else "",
        "flip" if "flip" in s else "",
        f"colour jitter {s['jitter']:g}" if "jitter" in s else "",
        f"lighting {s['lighting']:g}" if "lighting" in s else "",
        f"Cutout {s['cutout']}" if "cutout" in s else "",
    ]
    *others, last = [part for part in parts if part] or ["no augmentation"]
    return f"{', '.join(others)} and {last}" if others else last

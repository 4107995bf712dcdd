"""Where the time of a step goes: a stopwatch for each of its strategies."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

import torch

Part = TypeVar("Part")


class Stopwatch:
    """Adds up the seconds spent in methods, by name.

    It waits for the GPU after each call, so that its work counts for the method that launched it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def on(self, part: Part, **names: str) -> Part:
        """A stand-in for an object whose methods are timed.

        Args:
            part: the object.
            **names: for each timed method, the name that its seconds are added to; `call` is a call
                of the object itself.
        """
        return cast(Part, _Timed(self, part, names))

    def around(self, name: str, run: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return run(*arguments, **named)
            finally:
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                self.seconds[name] += time.perf_counter() - started

        return timed


class _Timed:
    """A proxy for the part that times some of its methods."""

    def __init__(self, stopwatch: Stopwatch, part: Any, names: dict[str, str]) -> None:
        self._part = part
        self._timed = {
            name: stopwatch.around(words, part if name == "call" else getattr(part, name))
            for name, words in names.items()
        }

    def __getattr__(self, name: str) -> Any:
        return self._timed.get(name) or getattr(self._part, name)

    # Python looks these up on the class.
    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._timed["call"](*arguments, **named)

    def __enter__(self) -> Self:
        self._part.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._part.__exit__(*error)

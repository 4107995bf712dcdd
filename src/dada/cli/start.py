"""How a search, a comparison or a training starts: anew, or from its run folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from dada.cli.checks import check_outside, open_data
from dada.cli.common import Common
from dada.cli.resume import is_run, started_with
from dada.cli.terminal import terminal

if TYPE_CHECKING:
    from dada.cli.bar import Bar
    from dada.datasets import Choose

AnyProgress = TypeVar("AnyProgress", bound="Bar")


@dataclass(frozen=True)
class Start:
    """Where a run has its data and settings from, and where it goes.

    Attributes:
        verb: search, compare or train.
        source: name or path of the data.
        out: the run folder.
        before: the arguments that a run to be resumed was started with.
        moved: whether its data were named again, and so may have moved.
    """

    verb: str
    source: str
    out: Path
    common: Common
    before: Mapping[str, Any]
    moved: bool = False

    @classmethod
    def of(
        cls,
        verb: str,
        common: Common,
        data: str | None,
        out: Path | None,
        *,
        usual_data: Callable[[], str],
        usual_out: Callable[[str], Path],
    ) -> Start:
        """Decide on the data, the run folder and what to resume.

        Args:
            data: as given; with ``--resume``, it may be the run folder.
            usual_data: the data where none are given.
            usual_out: the run folder for these data where none is given.

        Raises:
            UserError: the run cannot be resumed, or the run folder is among the images.
        """
        from dada.datasets import name_of
        from dada.runs import RunFolder

        if common.resume and out is None and data is not None and is_run(data):
            out, data = Path(data), None
        if out is None:
            data = usual_data() if data is None else data
            out = usual_out(data)
        before, moved = {}, common.resume and data is not None
        if common.resume and not RunFolder(out).bare:
            before = started_with(verb, out, data)
            data = before["data"]
        data = usual_data() if data is None else data
        name_of(data)  # raises if it cannot be data
        check_outside(out, data)
        return cls(verb, data, out, common, before, moved)

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of the verb's function: those given, and otherwise those of the resumed run.

        Raises:
            UserError: there is no such network.
        """
        from dada.models import check_name

        chosen = {name: value for name, value in given.items() if value is not None}
        if "model" in chosen:
            check_name(chosen["model"])
        kept = {n: v for n, v in self.before.items() if n not in ("data", "side", "device")}
        return kept | chosen

    @property
    def device(self) -> str:
        """The device, checked.

        Raises:
            UserError: there is no such device.
        """
        from dada.compute.device import pick_device

        chosen = self.common.device
        device: str = self.before.get("device", chosen) if chosen == "auto" else chosen
        pick_device(device)
        return device

    def load(self, files: bool = False, choose: Choose | None = None) -> Any:
        """The data; see `open_data`."""
        side = self.common.side or self.before.get("side")
        return open_data(self.source, side, self.common.root, files, choose)

    @contextmanager
    def interruptible(
        self, progress: AnyProgress, again: Sequence[str] = ()
    ) -> Iterator[AnyProgress]:
        """On Ctrl-C, say what there is and how to resume it, and end with code 130.

        Args:
            again: options that are no part of the run, to be given again.
        """
        from dada.runs.folder import CONFIG

        with progress:
            try:
                yield progress
            except KeyboardInterrupt:
                progress.stop()
                saved = (self.out / CONFIG).is_file()
                terminal.say(
                    f"{progress.stopped(self.out)}; resume with: {self._command(again)}"
                    if saved
                    else "stopped before anything was saved"
                )
                raise typer.Exit(130) from None

    def _command(self, again: Sequence[str]) -> str:
        words = ["dada", self.verb, "--resume", self.out]
        if self.moved:
            words = ["dada", self.verb, self.source, "-o", self.out, "--resume"]
        if self.common.root:
            words += ["--root", self.common.root]
        return shlex.join(map(str, [*words, *again]))

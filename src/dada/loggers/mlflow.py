"""MLflow: a run of an experiment, in a local store or on a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dada.extras import library
from dada.loggers.logger import Logger

_LONGEST = 500  # characters of a parameter, which MLflow limits


class MLflow(Logger):
    """Numbers as metrics, settings as parameters.

    Args:
        uri: of the tracking server or store; None is MLflow's own choice, such as the environment
            variable ``MLFLOW_TRACKING_URI``.
        experiment: its name.

    Raises:
        UserError: MLflow is not installed.
    """

    def __init__(self, uri: str | None = None, experiment: str = "dada") -> None:
        self._client = library("mlflow", "logger mlflow").MlflowClient(tracking_uri=uri)
        self._experiment = experiment

    def begin(self, name: str, settings: Mapping[str, Any]) -> None:
        """See `Logger`."""
        known = self._client.get_experiment_by_name(self._experiment)
        home = known.experiment_id if known else self._client.create_experiment(self._experiment)
        # A run of its own, beside any that the caller's code may have under way.
        self._run = self._client.create_run(home, run_name=name).info.run_id
        for key, value in settings.items():
            self._client.log_param(self._run, key, str(value)[:_LONGEST])

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """See `Logger`."""
        for name, value in values.items():
            self._client.log_metric(self._run, _spelt(name), value, step=step)

    def end(self, failed: bool) -> None:
        """See `Logger`."""
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")


def _spelt(name: str) -> str:
    """MLflow takes letters, digits and a few signs.

    Examples:
        >>> _spelt("test_error/crop, flip & Cutout 16")
        'test_error/crop  flip   Cutout 16'
    """
    return "".join(c if c.isalnum() or c in "_-./ " else " " for c in name)

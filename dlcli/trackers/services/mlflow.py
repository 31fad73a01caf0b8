"""MLflow: a run of the experiment `dlcli`, at the address in the variable MLFLOW_TRACKING_URI."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Mapping

from PIL import Image

from dlcli.errors import UsageError
from dlcli.trackers.service import Tracked, package

_LONGEST = 250  # characters of a parameter


class Service:
    """A run of MLflow."""

    def __init__(self, run: Tracked):
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            hint = "set it to the address of a server, such as http://127.0.0.1:5000"
            raise UsageError("tracker mlflow needs the variable MLFLOW_TRACKING_URI", hint=hint)
        mlflow = package("mlflow")
        logging.getLogger("mlflow").setLevel(logging.WARNING)  # its notes would stand between the lines of progress
        self._client = mlflow.MlflowClient()
        mlflow.set_experiment("dlcli")
        experiment = self._client.get_experiment_by_name("dlcli").experiment_id
        self._uri = mlflow.get_tracking_uri()
        self._id = self._client.create_run(experiment, run_name=run.folder.name).info.run_id
        for name, value in {"technique": run.technique, **run.options}.items():
            self._client.log_param(self._id, name, str(value)[:_LONGEST])

    def metrics(self, step: int, split: str, values: Mapping[str, float], at: float) -> None:
        for name, value in values.items():
            self._client.log_metric(self._id, f"{split}/{name}", value, timestamp=int(1000 * at), step=step)

    def picture(self, name: str, step: int, png: bytes, at: float) -> None:
        with Image.open(io.BytesIO(png)) as opened:
            self._client.log_image(self._id, opened, f"{name}.png")

    def text(self, name: str, step: int, text: str, at: float) -> None:
        self._client.log_text(self._id, text, f"{name}.txt")

    def close(self) -> str:
        self._client.set_terminated(self._id)
        return f"{self._uri}, run {self._id}"

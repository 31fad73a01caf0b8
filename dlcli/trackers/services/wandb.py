"""Weights & Biases: a run of the project `dlcli`; without an API key it is written to the folder `wandb`."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping

from PIL import Image

from dlcli.trackers.service import Tracked, package


class Service:
    """A run of Weights & Biases."""

    def __init__(self, run: Tracked):
        self._wandb = package("wandb")
        # Without a key, "online" would ask for one on the terminal.
        mode = os.environ.get("WANDB_MODE") or ("online" if self._wandb.api.api_key else "offline")
        quiet = self._wandb.Settings(console="off", silent=True)
        config = {"technique": run.technique, **run.options}
        project = os.environ.get("WANDB_PROJECT", "dlcli")
        self._run = self._wandb.init(project=project, name=run.folder.name, config=config, mode=mode, settings=quiet)
        for split in ("train", "validation"):  # each record has its own step, also those of one step
            self._run.define_metric(f"{split}/*", step_metric="step")

    def metrics(self, step: int, split: str, values: Mapping[str, float], at: float) -> None:
        self._run.log({"step": step, **{f"{split}/{name}": value for name, value in values.items()}})

    def picture(self, name: str, step: int, png: bytes, at: float) -> None:
        with Image.open(io.BytesIO(png)) as opened:
            self._run.log({"step": step, name: self._wandb.Image(opened)})

    def text(self, name: str, step: int, text: str, at: float) -> None:
        table = self._wandb.Table(columns=[name], data=[[text]])
        self._run.log({"step": step, name: table})

    def close(self) -> str:
        self._run.finish()
        return str(self._run.dir if self._run.offline else self._run.url)

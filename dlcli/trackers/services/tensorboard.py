"""TensorBoard: event files in the folder `tensorboard` of the run, or in another folder."""

from __future__ import annotations

import io
import math
import os
import socket
import time
from collections.abc import Mapping

from PIL import Image

from dlcli.trackers import event_files
from dlcli.trackers.service import Tracked


class Service:
    """An event file, flushed after each event."""

    def __init__(self, run: Tracked):
        self._folder = run.out or run.folder / "tensorboard"
        self._folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{now:017.6f}.{socket.gethostname()}.{os.getpid()}.dlcli"
        self._file = (self._folder / name).open("xb")
        self._write(event_files.event(now, version="brain.Event:2"))
        if run.step:
            self._write(event_files.event(now, run.step + 1, restarted=True))
        table = [f"| {option} | {value} |" for option, value in run.options.items() if value is not None]
        self.text("options", 0, "\n".join(["| option | value |", "|---|---|", *table]), now)

    def metrics(self, step: int, split: str, values: Mapping[str, float], at: float) -> None:
        # The same tag in two splits would be one curve; TensorBoard groups tags by their first part.
        tags = [(f"{name}/{split}", value) for name, value in values.items() if math.isfinite(value)]
        self._write(event_files.event(at, step, summary=event_files.scalars(tags)))

    def picture(self, name: str, step: int, png: bytes, at: float) -> None:
        with Image.open(io.BytesIO(png)) as opened:
            width, height = opened.size
        self._write(event_files.event(at, step, summary=event_files.image(name, png, height, width)))

    def text(self, name: str, step: int, text: str, at: float) -> None:
        self._write(event_files.event(at, step, summary=event_files.text(name, text)))

    def close(self) -> str:
        self._file.close()
        return str(self._folder)

    def _write(self, event: bytes) -> None:
        self._file.write(event_files.record(event))
        self._file.flush()

"""Classify or translate a text, or fill its mask."""

from __future__ import annotations

from collections.abc import Sequence

from dlcli import techniques
from dlcli.errors import DatasetError
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, TextBody, Values
from dlcli.serve.kinds import attention

_BATCH = 16  # texts


def kind(run: TrainedRun) -> Kind:
    """Return what is served of a classifier of texts, of a translator, or of an encoder of masked texts."""

    def predict(bodies: Sequence[TextBody]) -> list[Values]:
        model = techniques.options(run.technique, "predict")
        texts = [each.text for each in bodies]
        chosen = model(run=str(run.folder), use=run.use, text=texts, top=5)
        found = list(techniques.apply("predict", chosen, run))
        for each in found:
            if each.problem:
                raise DatasetError(each.problem)
        return [each.numbers() for each in found]

    actions = {
        "predict": Action("Classify or translate a text.", TextBody, predict, _BATCH),
        **attention.actions(run),
    }
    return Kind("predict", actions)

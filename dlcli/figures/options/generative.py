"""Figures of generative networks: images and points out of noise."""

from typing import Annotated

from pydantic import Field

from dlcli.figures.options.kinds import FigureOptions, RunFigureOptions
from dlcli.options import Cli, Device, RunRef, Seed


class GanTraining(FigureOptions):
    """Generator against discriminator: samples of the same noise over the run, and the curves of both."""

    examples = ("dlcli viz gan-training", "dlcli viz gan-training --run gan --out course.svg")
    technique = "gan"
    run: RunRef = ""
    device: Device = "auto"


class LatentWalk(RunFigureOptions):
    """What a generator makes of the noise between two draws of it."""

    examples = ("dlcli viz latent-walk", "dlcli viz latent-walk --seed 3 --count 6 --steps 9")
    technique = "gan"
    count: Annotated[int, Field(ge=1, le=32, description="Walks to draw."), Cli(short="-k")] = 5
    steps: Annotated[int, Field(ge=2, le=64, description="Samples on each walk, both ends included.")] = 8
    seed: Seed = 0

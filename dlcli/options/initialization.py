"""Options of a network that starts from the weights of another run, and of parameters that stay as they are."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from dlcli.options.fields import Cli, Needs, Options

SOURCES = ("init_from", "backbone_from")  # options that name a run, some of whose options the new run takes
START_ONLY = (*SOURCES, "init_lr_scale")  # options without effect after the first step


@dataclasses.dataclass(frozen=True)
class Initialization:
    """How a run gets its first weights.

    Attributes:
        source: the run that parameters are taken from; "" if none.
        only: patterns of the parameters to take, all of which must fit; (): all that fit.
        frozen: patterns of the parameters that are not updated.
        lr_scale: factor on the learning rate of the parameters that are taken.
        flag: the option that names the source.
    """

    source: str = ""
    only: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    lr_scale: float = 1.0
    flag: str = "--init-from"


class InitFromOptions(Options):
    """The run that the first weights come from."""

    panel = "Initialization"
    init_from: Annotated[
        str | None,
        Field(
            description="Initialize from this run: parameters of equal path and shape are taken, and the options of "
            "the model that are not given."
        ),
        Cli(metavar="RUN", complete="runs", rare=True),
    ] = None

    @property
    def initialization(self) -> Initialization:
        """How the run gets its first weights."""
        return Initialization(source=self.init_from or "")


class InitOptions(InitFromOptions):
    """The run that the first weights come from, and how they are trained further."""

    panel = "Initialization"
    freeze: Annotated[
        str,
        Field(
            description="Do not update parameters below these paths, which --plan --full lists; * is any text, as in "
            "network/stack/blocks/0,*norm*."
        ),
        Cli(metavar="PATTERN,…", rare=True),
    ] = ""
    init_lr_scale: Annotated[
        float,
        Field(gt=0, le=1000, description="Factor on the learning rate of the parameters taken from --init-from."),
        Needs("init_from"),
        Cli(rare=True),
    ] = 1.0

    @property
    def initialization(self) -> Initialization:
        """How the run gets its first weights."""
        return Initialization(self.init_from or "", (), patterns(self.freeze), self.init_lr_scale)


def patterns(text: str) -> tuple[str, ...]:
    """Return the patterns of a list separated by commas; dots separate parts of a path as slashes do."""
    return tuple(each.strip().strip("/").replace(".", "/") for each in text.split(",") if each.strip())


def matches(found: Iterable[str], path: str) -> bool:
    """Return whether a pattern matches a path or one that contains it; "network/" at the start may be left out.

    Args:
        found: patterns, in which * stands for any text, slashes included.
        path: of a parameter or a module within the learner, such as "network/head/logits/kernel".
    """
    parts = path.split("/")
    whole = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    short = [each.removeprefix("network/") for each in whole if each.startswith("network/")]
    return any(fnmatch.fnmatchcase(each, pattern) for each in (*whole, *short) for pattern in found)

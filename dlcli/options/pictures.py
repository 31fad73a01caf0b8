"""Options of every command that draws a picture."""

from typing import Annotated

from pydantic import Field, model_validator

from dlcli.options.common import Options


class ShowOptions(Options):
    """How a picture is shown in the terminal."""

    panel = "Terminal"
    show: Annotated[bool, Field(description="Print a small rendering in the terminal.")] = True
    full: Annotated[
        bool, Field(description="Print all of it, however many lines that takes; default 48 lines at most.")
    ] = False

    @model_validator(mode="after")
    def _shown_in_full(self) -> "ShowOptions":
        if self.full and not self.show:
            raise ValueError("--full is for the rendering in the terminal, which --no-show leaves out: give one")
        return self

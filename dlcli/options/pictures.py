"""Options of every command that draws a picture."""

from typing import Annotated

from pydantic import Field, model_validator

from dlcli.options.common import Options


class ShowOptions(Options):
    """How a picture is printed in the terminal."""

    panel = "Terminal"
    show: Annotated[bool, Field(description="Print a small rendering in the terminal.")] = True
    full: Annotated[
        bool, Field(description="Print the whole rendering, not only the 48 lines that fit two screens.")
    ] = False

    @model_validator(mode="after")
    def _one_of_full_and_no_show(self) -> "ShowOptions":
        if self.full and not self.show:
            raise ValueError("--full prints the rendering that --no-show turns off: give one of them")
        return self

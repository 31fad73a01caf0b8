"""The options of `dlcli serve`."""

from typing import Annotated

from pydantic import Field, model_validator

from dlcli.options.common import Device, Options, RunArgument, Use

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SURFACES = "optimizer-surface"  # served instead of a run


class Serve(Options):
    """Serve a page to play with a run, and a JSON API, on this machine; optimizer-surface needs no run."""

    panel = "Server"
    examples = ("dlcli serve cnn", "dlcli serve rnn --port 9000", "dlcli serve optimizer-surface")
    run: RunArgument
    host: Annotated[str, Field(min_length=1, description="Address to listen on; other machines need a token.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0: any free port.")] = 8000
    token: Annotated[
        str, Field(max_length=200, description="Token that every request must have; default: a random one if needed.")
    ] = ""
    use: Use = "best"
    device: Device = "auto"

    @model_validator(mode="after")
    def _weights_of_a_run(self) -> "Serve":
        if self.run == SURFACES and "use" in self.model_fields_set:
            raise ValueError(f"--use needs a run, {SURFACES} has no weights")
        return self

    @model_validator(mode="after")
    def _long_token(self) -> "Serve":
        if self.token and (len(self.token) < 16 or not self.token.isascii() or not self.token.isprintable()):
            raise ValueError("--token must have 16 or more ASCII characters")
        return self

"""Settings of every test: strict jax, a cache of its own, and no run folders where the tests are started."""

import os
import sys
from pathlib import Path

# Set before jax is loaded, and for the processes of the tests: nearly all their time goes into compiling.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")

import jax
import pytest

from dlcli.cli.app import main

jax.config.update("jax_numpy_rank_promotion", "raise")
_CACHE = Path(os.environ.get("DLCLI_CACHE") or Path(__file__).parents[1] / ".pytest_cache" / "dlcli")
os.environ["DLCLI_CACHE"] = str(_CACHE)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DLCLI_DEBUG", raising=False)


@pytest.fixture
def dlcli(monkeypatch, capsys):
    """Run the program in this process; return its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dlcli", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        if ended.value.code == 1:
            pytest.fail(f"a fault of dlcli: {captured.err}")
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data beside the checkout; a test that needs it is skipped where it is missing."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here")
    return folder


@pytest.fixture(scope="session")
def cnn_run(tmp_path_factory):
    """The folder of a tiny network trained for six steps on the embedded digits."""
    from dlcli import engine
    from dlcli.techniques.cnn.learner import Learner
    from dlcli.techniques.cnn.options import Train

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    small = {"steps": 6, "batch_size": 90, "channels": 4, "hidden": 8, "augment": "flip", "dropout": 0.0}
    options = Train(**small, report_every=2, validate_every=3, out=folder)
    assert [event for event in engine.fit(Learner, options) if isinstance(event, engine.Ended)]
    return folder


@pytest.fixture(scope="session")
def gan_run(tmp_path_factory):
    """The folder of two tiny players, trained for six steps on the embedded digits and told their classes."""
    from dlcli import engine
    from dlcli.techniques.gan.learner import Learner
    from dlcli.techniques.gan.options import Train

    folder = tmp_path_factory.mktemp("runs") / "players"
    small = {"steps": 6, "batch_size": 60, "channels": 2, "latent": 4, "conditional": True, "schedule": "constant"}
    options = Train(**small, report_every=2, validate_every=3, out=folder)
    assert [event for event in engine.fit(Learner, options) if isinstance(event, engine.Ended)]
    return folder


@pytest.fixture(scope="session")
def diffusion_run(tmp_path_factory):
    """The folder of a tiny U-Net trained for two steps to take noise off the embedded digits."""
    from dlcli import engine
    from dlcli.techniques.diffusion.learner import Learner
    from dlcli.techniques.diffusion.options import Train

    folder = tmp_path_factory.mktemp("runs") / "unet"
    small = {"steps": 2, "batch_size": 60, "channels": 2, "stages": 1, "attention": False, "timesteps": 20}
    options = Train(**small, schedule="constant", out=folder)
    assert [event for event in engine.fit(Learner, options) if isinstance(event, engine.Ended)]
    return folder

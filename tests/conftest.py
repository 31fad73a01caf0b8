"""Settings of all tests: strict jax, a separate cache, no run folders in the working directory, bounded memory."""

import ctypes
import fcntl
import gc
import logging
import os
import shutil
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

# Most of the time of the tests is compilation. Set before jax is loaded; child processes inherit it.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_parallel_codegen_split_count=1"
os.environ["XLA_FLAGS"] = f"{os.environ['XLA_FLAGS']} --xla_llvm_disable_expensive_passes=true"
if version("jaxlib").startswith("0.10."):  # later versions do not have the flag
    # XLA's older emitters compile a small function in two thirds of the time.
    os.environ["XLA_FLAGS"] = f"{os.environ['XLA_FLAGS']} --xla_cpu_use_fusion_emitters=false"

import jax
import pytest

from dlcli.cli.app import main

jax.config.update("jax_numpy_rank_promotion", "raise")
_HERE = Path(__file__).parent
_CACHE = Path(os.environ.get("DLCLI_CACHE") or _HERE.parent / ".pytest_cache" / "dlcli")
os.environ["DLCLI_CACHE"] = str(_CACHE)
# All processes share what they compile, from the first test on.
jax.config.update("jax_compilation_cache_dir", str(_CACHE / "compiled"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
# In bytes. Compiled functions are dropped above the first, if the process has grown by the second since the last time.
_MAX_RESIDENT, _MIN_GROWTH = 1_000 * 2**20, 150 * 2**20


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DLCLI_DEBUG", raising=False)


@pytest.fixture(scope="session")
def _allowed_memory():
    """The resident size in bytes above which a test drops compiled functions; a list, since it rises."""
    return [_MAX_RESIDENT]


@pytest.fixture(autouse=True)
def _bounded_memory(_allowed_memory):
    """Drop compiled functions if the process is large; they are traced again, and read from the cache on disk."""
    yield
    if _resident() > _allowed_memory[0]:
        jax.clear_caches()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        _allowed_memory[0] = max(_MAX_RESIDENT, _resident() + _MIN_GROWTH)


@pytest.fixture(scope="session", autouse=True)
def _short_feature_classifier():
    """Train feature classifiers for a few steps only; their cache files differ from those of the program."""
    from dlcli.metrics import feature_classifier

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_classifier, "_MAX_STEPS", 60)
        patch.setattr(feature_classifier, "_VERSION", f"{feature_classifier._VERSION} of the tests")
        yield


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.fixture
def dlcli(monkeypatch, capsys):
    """Run the program in this process; return its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dlcli", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        if ended.value.code == 1:
            pytest.fail(f"a bug in dlcli: {captured.err}")
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data beside the checkout; a test that needs it is skipped without it."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data is not here")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Make a function that fills a folder in the first process that calls it, and copies it in all processes."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made-once"
    shared.mkdir(exist_ok=True)

    def make(name, fill):
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.done").exists():
                shutil.rmtree(shared / name, ignore_errors=True)
                fill(shared / name)
                (shared / f"{name}.done").touch()
        return Path(shutil.copytree(shared / name, tmp_path_factory.mktemp("runs") / name))

    return make


@pytest.fixture(scope="session")
def tokenizer_run(made_once):
    """The folder of a tiny tokenizer, trained on the questions in the folder of this file."""
    from dlcli.engine import direct
    from dlcli.techniques.tokenizer import train
    from dlcli.techniques.tokenizer.options import Train

    def fill(folder):
        options = Train(dataset=str(_HERE / "questions.tsv"), vocab_size=300, out=folder)
        direct.train(train, direct.prepare("tokenizer", train, options))

    return made_once("pieces", fill)


@pytest.fixture(scope="session")
def trained_once(made_once):
    """Make a function that trains a tiny learner for a few steps and returns its run folder."""
    from dlcli import engine

    def train(technique, name, **small):
        def fill(folder):
            learner = import_module(f"dlcli.techniques.{technique}.learner").Learner
            options = import_module(f"dlcli.techniques.{technique}.options").Train(**small, out=folder)
            assert [event for event in engine.fit(learner, options) if isinstance(event, engine.Ended)]

        return made_once(name, fill)

    return train


_SHORT = {"steps": 6, "report_every": 2, "validate_every": 3}


@pytest.fixture(scope="session")
def cnn_run(trained_once):
    """The folder of a tiny network trained for six steps on the embedded digits."""
    small = {"batch_size": 90, "channels": 4, "hidden": 8, "augment": "flip", "dropout": 0.0}
    return trained_once("cnn", "tiny", **small, **_SHORT)


@pytest.fixture(scope="session")
def dropped_cnn_run(trained_once):
    """The folder of a tiny network trained for six steps with dropout of hidden units and of inputs."""
    small = {"batch_size": 90, "channels": 4, "hidden": 40, "dropout": 0.5, "input_dropout": 0.2}
    return trained_once("cnn", "dropped", **small, **_SHORT)


@pytest.fixture(scope="session")
def mlp_run(trained_once):
    """The folder of a tiny network trained for six steps on points in the plane."""
    small = {"batch_size": 16, "points": 60, "hidden_sizes": "6,4"}
    return trained_once("mlp", "plane", **small, **_SHORT)


@pytest.fixture(scope="session")
def word2vec_run(trained_once):
    """The folder of small word vectors, trained for a few steps on questions."""
    small = {"batch_size": 64, "vector_size": 8, "min_count": 2, "dataset": str(_HERE / "questions.tsv")}
    return trained_once("word2vec", "words", **small, **_SHORT)


@pytest.fixture(scope="session")
def rnn_run(trained_once):
    """The folder of a tiny language model of two layers, trained for a few steps on a poem."""
    small = {"batch_size": 4, "context": 8, "layers": 2, "hidden": 8, "embedding_dim": 4, "schedule": "constant"}
    poem = str(_HERE / "texts" / "jabberwocky.txt")
    return trained_once("rnn", "verse", **small, **_SHORT, dataset=poem)


@pytest.fixture(scope="session")
def transformer_run(trained_once):
    """The folder of a tiny encoder-decoder, trained for a few steps on numbers in words and digits."""
    small = {
        "batch_size": 16,
        "context": 16,
        "layers": 2,
        "heads": 2,
        "d_model": 8,
        "warmup_steps": 0,
        "schedule": "constant",
    }
    pairs = {"shape": "encoder-decoder", "dataset": str(_HERE / "texts" / "numbers.tsv")}
    return trained_once("transformer", "numbers", **small, **_SHORT, **pairs)


@pytest.fixture(scope="session")
def gan_run(trained_once):
    """The folder of a tiny class-conditional GAN trained for six steps on the embedded digits."""
    small = {"batch_size": 60, "channels": 2, "latent_dim": 4, "conditional": True, "schedule": "constant"}
    return trained_once("gan", "gan", **small, **_SHORT)


@pytest.fixture(scope="session")
def diffusion_run(trained_once):
    """The folder of a tiny U-Net trained for a few steps to denoise the embedded digits."""
    small = {"batch_size": 60, "channels": 2, "stages": 1, "attention": False, "timesteps": 60, "schedule": "constant"}
    return trained_once("diffusion", "unet", **small, **_SHORT)


@pytest.fixture(scope="session")
def gan_density_run(trained_once):
    """The folder of a tiny GAN of a 2-D density, trained for a few steps."""
    return trained_once("gan", "gan-density", dataset="ring", batch_size=32, channels=4, schedule="constant", **_SHORT)


@pytest.fixture(scope="session")
def diffusion_density_run(trained_once):
    """The folder of a tiny diffusion model of a 2-D density, trained for a few steps."""
    small = {"dataset": "ring", "batch_size": 32, "channels": 4, "timesteps": 60, "schedule": "constant"}
    return trained_once("diffusion", "diffusion-density", **small, **_SHORT)


@pytest.fixture(scope="session")
def plain_autoencoder_run(trained_once):
    """The folder of a tiny autoencoder whose codes have no distribution, trained for six steps on the digits."""
    return trained_once("autoencoder", "plain", batch_size=60, hidden_sizes="12", latent_dim=3, **_SHORT)


@pytest.fixture(scope="session")
def autoencoder_run(trained_once):
    """The folder of a tiny variational autoencoder trained for six steps on the embedded digits."""
    small = {"batch_size": 60, "hidden_sizes": "12", "latent_dim": 3, "variational": True, "schedule": "constant"}
    return trained_once("autoencoder", "codes", **small, **_SHORT)


@pytest.fixture
def compilations():
    """The names of the functions that jax compiles in any thread."""
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("jax")
    level = logger.level
    logger.setLevel(logging.WARNING)  # the command line, in a test before, may have silenced it
    logger.addHandler(handler)
    jax.config.update("jax_log_compiles", True)
    yield lambda: [each for each in messages if each.startswith("Compiling ")]
    jax.config.update("jax_log_compiles", False)
    logger.removeHandler(handler)
    logger.setLevel(level)

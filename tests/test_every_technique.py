"""Properties of every technique; a new technique needs no change here.

In `tests/techniques/test_NAME.py`, `TINY` has options of a small run, `INPUTS` the inputs of a verb, and `RUNS` the
training options that a verb requires of its run.
"""

import dataclasses
import importlib
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from dlcli import engine, techniques
from dlcli.cli.app import main
from dlcli.cli.typer_options import columns, flag
from dlcli.engine import devices, direct
from dlcli.engine.load import one_device
from dlcli.engine.program import Program, score_all
from dlcli.errors import UsageError
from dlcli.options.fields import unmet_need
from dlcli.runs.folder import RunFolder
from dlcli.runs.writer import RunWriter
from tests import reading
from tests.comparing import assert_same_run
from tests.recording import recording

FUNCTIONS = {"eval": "evaluate", "sample": "sample", "predict": "predict", "score": "score"}
VERBS = [
    (name, verb) for name in techniques.names() for verb in ("train", *FUNCTIONS) if techniques.options(name, verb)
]
SHORT = {"steps": 6, "report_every": 2, "validate_every": 4, "save_every": 3}
LEARNERS = techniques.having("resume")  # the others take no gradient steps
READ_BY_TRAINING = {}  # options by technique
# Options that the command line reads or that open the run, and the name that a run has if no folder is given.
READ_ELSEWHERE = {"name", "device", "out", "show", "full", "run", "use", "track"}
DIRECT = [name for name in techniques.names() if name not in LEARNERS]

every_technique = pytest.mark.parametrize("name", techniques.names())
every_learner = pytest.mark.parametrize("name", LEARNERS)
every_direct_technique = pytest.mark.parametrize("name", DIRECT)


def module(name):
    return importlib.import_module(f"tests.techniques.test_{name}")


def tiny(name, **changes):
    short = SHORT if name in LEARNERS else {}
    return techniques.options(name, "train")(**{**short, **module(name).TINY, **changes})


def train(name, folder, **changes):
    """Train a tiny run to the end in a new folder."""
    options = recording(tiny(name, out=folder, **changes), READ_BY_TRAINING.setdefault(name, set()))
    if name in LEARNERS:
        list(engine.fit(techniques.learner(name), options))
    else:
        trainer = techniques.trainer(name)
        direct.train(trainer, direct.prepare(name, trainer, options))


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The folder of a finished run of a technique, trained on first use."""
    folders = {}

    def folder(name, **changes):
        key = (name, *changes.items())
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp(name) / "unbroken"
            train(name, folders[key], **changes)
        return folders[key]

    return folder


@pytest.fixture(scope="module")
def built():
    """The program of a technique and its data, built on first use."""
    kept = {}

    def build(name, **changes):
        key = (name, *changes.items())
        if key not in kept:
            learner, options = techniques.learner(name), tiny(name, **changes)
            data = learner.read(options)
            kept[key] = Program(learner, options, data.facts, one_device()), data
        return kept[key]

    return build


@every_learner
def test_a_resumed_run_ends_where_an_unbroken_one_does(name, unbroken, tmp_path):
    learner, folder = techniques.learner(name), tmp_path / "broken"
    events = engine.fit(learner, tiny(name, out=folder))
    next(event for event in events if event == engine.Saved(3))
    events.close()
    list(engine.resume(learner, folder, {}))
    assert_same_run(unbroken(name), folder)


@every_learner
def test_the_seed_determines_the_initial_parameters(name, built):
    program, data = built(name)
    again = Program(techniques.learner(name), tiny(name), data.facts, program.mesh)
    other, _ = built(name, seed=1)
    first, second, third = (each.to_host(each.initial()) for each in (program, again, other))
    assert all(array.tobytes() == second[name].tobytes() for name, array in first.items())
    assert any(array.tobytes() != third[name].tobytes() for name, array in first.items())


@every_learner
def test_repeated_steps_on_one_batch_lower_the_loss_with_one_compilation(name, built):
    program, data = built(name)
    batch = jax.device_put(dict(next(data.train_from(0))), devices.split(program.mesh))
    leaves, losses = program.initial(), []
    for _ in range(2):
        window = program.empty_window(batch)
        for _ in range(15):
            leaves, window = program.update(leaves, window, batch)
        losses.append(window.metrics["loss"].value())
    assert losses[1] < losses[0]
    assert program.is_finite(leaves)
    assert program.update._cache_size() == 1


@every_learner
def test_batches_are_a_function_of_the_seed_and_their_step(name, built):
    _, data = built(name)
    for _, one, other in zip(range(3), skip(data.train_from(0), 4), data.train_from(4), strict=False):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)


def skip(iterator, count):
    for _ in range(count):
        next(iterator)
    return iterator


@every_learner
def test_scoring_does_not_change_the_state(name, built):
    program, data = built(name)
    leaves = program.initial()
    before = program.to_host(leaves)
    first, second = (score_all(program, leaves, data.validation, devices.split(program.mesh)) for _ in range(2))
    assert first.keys() == second.keys() >= {each.removeprefix("-") for each in program.monitor}
    assert all(first[key].describe() == second[key].describe() for key in first)
    assert all(array.tobytes() == before[key].tobytes() for key, array in program.to_host(leaves).items())
    assert program.score._cache_size() == 1


@every_direct_technique
def test_the_same_options_give_the_same_files(name, unbroken, tmp_path):
    train(name, tmp_path / "again")
    first, second = (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        for folder in (unbroken(name), tmp_path / "again")
    )
    assert first.keys() == second.keys() > {"options.json", "facts.json", "run.json"}
    assert all(first[file] == second[file] for file in first if file not in ("options.json", "run.json"))


@every_direct_technique
def test_a_run_records_its_data_with_its_validation_metrics(name, unbroken):
    run = RunWriter(unbroken(name))
    about = run.raw("run.json")
    assert (about["technique"], about["ended"]["reason"]) == (name, "trained")
    assert about["ended"]["best"]
    assert about["data"]["sizes"].keys() >= {"train", "validation"}
    assert run.read("options.json", techniques.options(name, "train")).out == unbroken(name)


@every_direct_technique
def test_a_folder_in_use_is_refused_before_the_data_is_read(name, tmp_path):
    (tmp_path / "thesis.txt").write_text("text")
    options = tiny(name, out=tmp_path, dataset="nowhere.txt")
    with pytest.raises(UsageError, match="must be a new or empty folder"):
        direct.prepare(name, techniques.trainer(name), options)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@every_direct_technique
def test_a_run_without_steps_is_neither_resumed_nor_loaded_as_a_learner(name, unbroken, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dlcli", "resume", str(unbroken(name))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    assert f"a run of {name} has no training steps" in capsys.readouterr().err


@pytest.fixture(scope="module")
def used(unbroken, tmp_path_factory):
    """Apply a verb to a tiny run, once; return its options, the names of those that it read, and its result."""
    found = {}

    def use(name, verb):
        if (name, verb) not in found:
            inputs = getattr(module(name), "INPUTS", {}).get(verb, lambda folder: {})
            changes = getattr(module(name), "RUNS", {}).get(verb, {})
            given = inputs(tmp_path_factory.mktemp(f"{verb}-{name}"))
            options = techniques.options(name, verb)(run=str(unbroken(name, **changes)), **given)
            result = plain(getattr(reading, FUNCTIONS[verb])(recording(options, read := set())))
            found[name, verb] = options, read, result
        return found[name, verb]

    return use


@pytest.mark.parametrize(("name", "verb"), [each for each in VERBS if each[1] != "train"])
def test_a_verb_has_the_same_result_twice(name, verb, used):
    options, _, result = used(name, verb)
    assert plain(getattr(reading, FUNCTIONS[verb])(options)) == result
    assert result


@every_technique
def test_training_reads_every_option(name, unbroken):
    unbroken(name)
    if further := getattr(module(name), "FURTHER", {}):  # options that other options need
        unbroken(name, **further)
    for further in getattr(module(name), "FURTHER_DATA", []):  # options that opening other data reads
        techniques.learner(name).read(recording(tiny(name, **further), READ_BY_TRAINING[name]))
    assert set(techniques.options(name, "train").model_fields) <= READ_BY_TRAINING[name] | READ_ELSEWHERE


@pytest.mark.parametrize(("name", "verb"), [each for each in VERBS if each[1] != "train"])
def test_a_verb_reads_each_of_its_options(name, verb, used):
    options, read, _ = used(name, verb)
    model, values = type(options), vars(options)
    trained = RunFolder(Path(options.run)).raw("options.json")
    without_effect = {
        field
        for field in model.model_fields
        if unmet_need(model, field, values) or unmet_need(model, field, trained, of_run=True)
    }
    assert set(model.model_fields) <= read | READ_ELSEWHERE | without_effect


def plain(value):
    """Convert artifacts to values that can be compared."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or isinstance(value, str | int | float | dict):
        return value
    return [plain(each) for each in value]


@pytest.mark.parametrize(("name", "verb"), VERBS)
def test_each_verb_that_has_options_has_its_file(name, verb):
    folder = Path(techniques.__path__[0]) / name
    files = ("learner", "train") if verb == "train" else (verb,)
    assert [file for file in files if (folder / f"{file}.py").is_file()] == [
        files[name in DIRECT] if verb == "train" else verb
    ]


@every_technique
def test_each_file_of_a_verb_has_its_options(name):
    folder = Path(techniques.__path__[0]) / name
    files = {path.stem for path in folder.glob("*.py")} & set(FUNCTIONS)
    assert files == {verb for technique, verb in VERBS if technique == name and verb != "train"}


@pytest.mark.parametrize(("name", "verb"), [each for each in VERBS if each[1] != "eval"])
def test_help_names_every_option_with_its_description(name, verb, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setattr(sys, "argv", ["dlcli", verb, name.replace("_", "-"), "--help-all"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    shown = re.sub(r"[\s│]+", " ", capsys.readouterr().out)
    for option, column in columns(techniques.options(name, verb)).items():
        words = " ".join(column.field.description.split())
        assert words in shown
        assert flag(option) in shown or option.upper() in shown.upper()


@every_technique
def test_each_technique_has_a_summary_of_one_line(name):
    summary = importlib.import_module(f"dlcli.techniques.{name}").__doc__.split("\n\n")[0]
    assert summary.strip().endswith(".")


def test_options_load_neither_jax_nor_numpy():
    names = [f"dlcli.techniques.{name}.options" for name in techniques.names()]
    code = (
        f"import importlib, sys; [importlib.import_module(name) for name in {names}];"
        "print([name for name in ('jax', 'numpy', 'flax') if name in sys.modules])"
    )
    root = Path(techniques.__path__[0]).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

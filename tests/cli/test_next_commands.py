"""The next commands that training prints."""

import json
import shlex
from pathlib import Path

import pytest

from dlcli import figures, techniques
from dlcli.cli.next_commands import next_commands
from dlcli.options.common import Options
from dlcli.runs.info import shorten_example


def commands(folder: Path, technique: str, options: Options, example: str = "") -> list[list[str]]:
    (folder / "options.json").write_text(options.model_dump_json())
    (folder / "run.json").write_text(json.dumps({"technique": technique, "example": example}))
    return [shlex.split(line)[1:3] for line in next_commands(folder, technique)]


def options(technique: str, **given: object) -> Options:
    found: Options = techniques.options(technique, "train")(**given)
    return found


@pytest.mark.parametrize(
    ("technique", "given", "expected"),
    [
        ("rnn", {}, "viz learning-curves, viz token-probabilities, sample rnn, score rnn"),
        ("rnn", {"task": "classify", "dataset": "q.tsv"}, "viz learning-curves, viz hidden-state, predict rnn"),
        ("transformer", {}, "viz learning-curves, viz attention, sample transformer, score transformer"),
        ("transformer", {"shape": "encoder"}, "viz learning-curves, viz attention, predict transformer"),
        ("transformer", {"shape": "encoder-decoder"}, "viz learning-curves, viz attention, predict transformer"),
        ("cnn", {}, "viz learning-curves, viz confusion, predict cnn"),
        ("gan", {}, "viz learning-curves, viz gan-training, sample gan"),
        ("autoencoder", {}, "viz learning-curves, viz reconstructions"),
        ("autoencoder", {"variational": True}, "viz learning-curves, viz reconstructions, sample autoencoder"),
        ("diffusion", {}, "viz learning-curves, viz denoising, sample diffusion"),
        ("word2vec", {}, "viz learning-curves, viz embeddings, predict word2vec"),
        ("tokenizer", {}, "viz subwords, predict tokenizer"),
    ],
)
def test_the_next_commands_fit_the_technique(tmp_path, technique, given, expected):
    found = commands(tmp_path, technique, options(technique, **given))
    assert found[0] == ["eval", str(tmp_path)]
    assert ", ".join(map(" ".join, found[1:])) == expected


def test_a_next_command_has_a_quoted_example_of_the_data(tmp_path):
    commands(tmp_path, "transformer", options("transformer", shape="encoder-decoder"), "it's 7. März")
    [line] = [line for line in next_commands(tmp_path, "transformer") if "predict" in line]
    assert shlex.split(line) == ["dlcli", "predict", "transformer", "it's 7. März", "--run", str(tmp_path)]


def test_a_next_command_has_an_image_path_that_is_valid_in_the_working_directory(tmp_path, monkeypatch):
    trained_in, elsewhere, run = (tmp_path / name for name in ("project", "elsewhere", "run"))
    for folder in (trained_in / "photos", elsewhere, run):
        folder.mkdir(parents=True)
    (trained_in / "photos" / "1.png").touch()
    commands(run, "cnn", options("cnn"), "photos/1.png")
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**info, "cwd": str(trained_in)}))
    for folder, image in ((trained_in, "photos/1.png"), (elsewhere, f"{trained_in}/photos/1.png")):
        monkeypatch.chdir(folder)
        [line] = [line for line in next_commands(run, "cnn") if "predict" in line]
        assert shlex.split(line) == ["dlcli", "predict", "cnn", image, "--run", str(run)]


def test_training_keeps_an_example_of_the_validation_split(transformer_run, rnn_run, tokenizer_run, word2vec_run):
    from dlcli.data.text.catalogue import open_pairs

    trained = json.loads((transformer_run / "options.json").read_text())
    example = json.loads((transformer_run / "run.json").read_text())["example"]
    assert example in open_pairs(trained["dataset"]).splits["validation"].sources
    for run in (rnn_run, tokenizer_run, word2vec_run):
        assert 0 < len(json.loads((run / "run.json").read_text())["example"]) <= 60


@pytest.mark.parametrize(
    ("example", "shown"),
    [("\n first \nsecond", "first"), ("word " * 20, "word " * 11 + "word"), ("", ""), ("x" * 70, "x" * 60)],
)
def test_an_example_is_one_short_line(example, shown):
    assert shorten_example(example) == shown


def test_a_path_is_not_cut(tmp_path):
    (tmp_path / ("long " * 20)).touch()
    assert shorten_example(str(tmp_path / ("long " * 20)).strip() + " ") != ""


@pytest.mark.parametrize("technique", techniques.names())
def test_every_technique_has_a_best_picture_that_is_drawn_of_its_runs(technique):
    model = figures.catalogue()[figures.main_figure(technique, options(technique).model_dump())]
    assert "run" in model.model_fields


def test_a_measurement_names_run_split_and_data(dlcli, cnn_run):
    code, out, _ = dlcli("eval", cnn_run)
    assert code == 0
    assert out.startswith(f"{cnn_run}: test split of digits")
    found = json.loads(dlcli("eval", cnn_run, "--json")[1])
    assert (found["run"], found["split"], found["dataset"]) == (str(cnn_run), "test", "digits")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["viz", "attention"], "is a run of cnn; viz attention needs a run of transformer"),
        (["viz", "hidden-state", "text"], "is a run of cnn; viz hidden-state needs a run of rnn"),
        (["predict", "rnn", "text"], "is a run of cnn; predict rnn needs a run of rnn"),
        (["sample", "gan"], "is a run of cnn; sample gan needs a run of gan"),
        (["score", "rnn", "text"], "is a run of cnn; score rnn needs a run of rnn"),
    ],
)
def test_a_run_of_another_technique_is_refused_by_name_and_by_folder(dlcli, cnn_run, tmp_path, command, message):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(cnn_run)
    for name in (cnn_run, "mine", "cnn"):
        code, _, err = dlcli(*command, "--run", name)
        assert code == 4
        assert message in err


@pytest.mark.parametrize(
    ("command", "technique"),
    [
        (["sample", "gan"], "gan"),
        (["viz", "attention"], "transformer"),
        (["eval", "rnn"], "rnn"),
        (["resume", "gan"], "gan"),
        (["viz", "filters"], "cnn"),
    ],
)
def test_without_a_run_the_technique_to_train_is_named(dlcli, command, technique):
    code, _, err = dlcli(*command)
    assert code == 4
    assert f"train one first: dlcli train {technique}" in err


def test_an_option_that_does_nothing_with_the_run_is_refused(dlcli, rnn_run, cnn_run):
    code, _, err = dlcli("eval", cnn_run, "--mc-dropout", 5)
    assert code == 2
    assert "--mc-dropout 5 needs a run of --dropout or a run of --input-dropout" in err


def test_a_row_that_starts_with_a_minus_follows_the_options(mlp_run, tmp_path):
    (tmp_path / "options.json").write_text((mlp_run / "options.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({"example": "-1.5,0.25"}))
    line = next(each for each in next_commands(tmp_path, "mlp") if "predict" in each)
    assert shlex.split(line) == ["dlcli", "predict", "mlp", "--run", str(tmp_path), "--", "-1.5,0.25"]


def test_the_learning_curves_are_suggested_once(tmp_path):
    (tmp_path / "options.json").write_text(options("mlp", dataset="iris").model_dump_json())
    lines = next_commands(tmp_path, "mlp")
    assert sum("learning-curves" in line for line in lines) == 1

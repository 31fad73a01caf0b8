"""What training tells its user at the end."""

from pathlib import Path

from dlcli.cli.progress import next_commands
from dlcli.options import Options


def verbs(folder: Path, technique: str, options: Options) -> list[str]:
    (folder / "options.json").write_text(options.model_dump_json())
    return [line.split()[1] for line in next_commands(folder, technique)]


def test_a_language_model_is_sampled_and_scored_but_predicts_no_labels(tmp_path):
    from dlcli.techniques.rnn.options import Train

    assert verbs(tmp_path, "rnn", Train()) == ["eval", "viz", "sample", "score"]
    assert verbs(tmp_path, "rnn", Train(task="classify", dataset="questions.tsv")) == ["eval", "viz", "predict"]


def test_a_transformer_is_used_as_its_shape_allows(tmp_path):
    from dlcli.techniques.transformer.options import Train

    assert verbs(tmp_path, "transformer", Train(shape="decoder")) == ["eval", "viz", "sample", "score"]
    assert verbs(tmp_path, "transformer", Train(shape="encoder")) == ["eval", "viz", "predict"]
    assert verbs(tmp_path, "transformer", Train(shape="encoder-decoder")) == ["eval", "viz", "predict"]


def test_a_technique_without_kinds_has_all_its_verbs(tmp_path):
    from dlcli.techniques.cnn.options import Train

    assert verbs(tmp_path, "cnn", Train()) == ["eval", "viz", "predict"]

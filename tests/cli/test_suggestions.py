"""Help that fits a screen, and suggestions for words of other tools."""

import pytest

from dlcli import checks, figures, studies, techniques
from dlcli.cli import suggestions, verbs
from dlcli.options.fields import flag

VERBS = ("train", "eval", "sample", "predict", "score")
COMMANDS = [
    *([verb, name] for verb in ("train", "sample", "predict", "score") for name in techniques.having(verb)),
    *(["viz", name] for name in figures.catalogue()),
    *(["study", name] for name in studies.catalogue()),
    *([verb] for verb in ("resume", "eval", "check", "doctor", "train", "viz", "data", "runs", "study")),
    *(["data", name] for name in ("list", "show", "check", "prepare")),
    *(["runs", name] for name in ("list", "show", "compare")),
    [],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_help_has_at_most_60_lines_of_80_columns_besides_a_line_or_two_per_subject(dlcli, monkeypatch, command):
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    code, out, _ = dlcli(*command, "--help")
    subjects = {"viz": figures.catalogue(), "check": checks.names()}.get(" ".join(command), ())
    assert code == 0
    assert len(out.splitlines()) <= 60 + len(subjects)


def test_help_all_shows_the_options_that_the_short_help_counts(dlcli):
    _, short, _ = dlcli("train", "cnn", "--help")
    code, whole, err = dlcli("train", "cnn", "--help-all")
    assert (code, err) == (0, "")
    assert "--max-grad-norm" not in short
    assert "--max-grad-norm" in whole
    left_out = sum(name not in short for name in ("--max-grad-norm", "--l1", "--momentum", "--dtype", "--debug"))
    [count] = [int(line.split()[0]) for line in short.splitlines() if "more options: --help-all" in line]
    assert count > left_out == 5


def test_a_rare_option_still_works(dlcli):
    code, _, err = dlcli("train", "cnn", "--max-grad-norm", "-1")
    assert code == 2
    assert "--max-grad-norm should be greater than or equal to 0" in err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("train cnn --lr 1", "--learning-rate"),
        ("train cnn --batch 3", "--batch-size"),
        ("train cnn --batch_size 3", "--batch-size"),
        ("train cnn --gpu", "--device gpu"),
        ("train cnn --wd 0.1", "--weight-decay"),
        ("train cnn --output x", "--out"),
        ("train cnn --data x", "--dataset"),
        ("train cnn --width 3", "--channels"),
        ("train cnn --n-layers 3", "--depth"),
        ("train transformer --n-layers 3", "--layers"),
        ("train transformer --width 3", "--d-model"),
        ("train rnn --tied", "--tie-embeddings"),
        ("train rnn --embedding 3", "--embedding-dim"),
        ("train transformer --hidden-size 3", "--d-model"),
        ("train rnn --hidden-size 3", "--hidden"),
        ("train word2vec --dimensions 3", "--vector-size"),
        ("train gan --latent 3", "--latent-dim"),
        ("train gan --average 0.9", "--ema-decay"),
        ("train gan --n-critic 3", "--critic-steps"),
        ("train diffusion --average-decay 0.9", "--ema-decay"),
        ("train diffusion --prediction-type flow", "--parameterization"),
        ("sample diffusion --guidance 2", "--guidance-scale"),
        ("resume x --max-steps 3", "--steps"),
        ("train gan --num-epochs 3", "--epochs"),
        ("predict cnn a.png --model x", "--run"),
        ("train cnn --device cuda", "gpu"),
        ("train cnn --optimizer AdamW", "adamw"),
        ("test cnn", "dlcli eval"),
        ("generate gan", "dlcli sample"),
        ("fit cnn", "dlcli train"),
        ("plot loss", "dlcli viz"),
        ("list", "dlcli runs list"),
        ("cnn", "dlcli train cnn"),
        ("attention", "dlcli viz attention"),
        ("train perceptron", "dlcli train mlp"),
        ("train bert", "dlcli train transformer --shape encoder"),
        ("train lstm", "dlcli train rnn"),
        ("train ddpm", "dlcli train diffusion"),
        ("train w2v", "dlcli train word2vec"),
        ("train attention", "dlcli viz attention"),
        ("predict gan x", "dlcli sample gan"),
        ("predict vae", "dlcli sample diffusion"),
        ("sample cnn", "dlcli predict cnn"),
        ("score word2vec a", "dlcli predict word2vec"),
        ("viz loss", "dlcli viz learning-curves"),
        ("viz cnn", "dlcli viz confusion"),
        ("runs ls", "dlcli runs list"),
        ("data download x", "dlcli data prepare"),
    ],
)
def test_a_word_of_another_tool_has_a_suggestion(dlcli, words, meant):
    code, out, err = dlcli(*words.split())
    assert (code, out) == (2, "")
    assert f"did you mean {meant}?" in err.replace("'", "")


@pytest.mark.parametrize("words", ["predict cnn a.png --lr 3", "eval cnn --batch-size 3", "train cnn --zzz 3"])
def test_an_option_of_no_use_for_the_command_is_not_suggested(dlcli, words):
    code, _, err = dlcli(*words.split())
    assert code == 2
    assert "did you mean" not in err


@pytest.mark.parametrize("words", ["eval", "resume", "predict transformer", "predict cnn", "data show"])
def test_a_missing_argument_is_named(dlcli, words):
    code, _, err = dlcli(*words.split())
    assert code == 2
    assert "is missing" in err


def test_every_suggested_command_exists():
    there = {
        *techniques.names(),
        *figures.catalogue(),
        "list",
        "show",
        "check",
        "compare",
        "prepare",
        "remove",
        "rename",
    }
    for meant in (*suggestions._VERBS, *suggestions._SUBJECTS):
        verb, *subject = meant.split()
        assert verb in verbs.names()
        assert set(subject[:1]) <= there


def test_every_suggested_option_exists():
    models = [techniques.options(name, verb) for name in techniques.names() for verb in VERBS]
    models += [*figures.catalogue().values(), *studies.catalogue().values()]
    known = {flag(field) for model in models if model is not None for field in model.model_fields}
    suggested = {meant.split()[0] for meant in suggestions._OPTIONS}
    assert suggested <= known | {"--config", "--plan", "--help-all"}

"""The lines of a training run at each width, rendered by rich as on a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from dlcli import activity
from dlcli.cli import progress_lines
from dlcli.cli.display import Display
from dlcli.cli.progress_lines import TrainingState
from dlcli.engine.initialization import Taken

METRICS = {
    "cnn": {"loss": 0.0213, "accuracy": 0.9921, "learning_rate": 1.2e-5, "gradient_norm": 12.3},
    "rnn": {"loss": 4.1234, "learning_rate": 0.001, "gradient_norm": 0.51},
    "gan": {
        "loss": 1.23e-05,
        "real_verdict": 0.7597,
        "fake_verdict": -0.0773,
        "gradient_penalty": 0.4165,
        "learning_rate": 0.0002,
        "generator_loss": 12345.6,
    },
    "diffusion": {"loss": 0.5, "learning_rate": 0.001, "gradient_norm": 1.0},
    "word2vec": {"loss": 12.3456, "learning_rate": 0.025},
    "transformer": {"loss": 2.3, "accuracy": 0.51, "learning_rate": 3e-4, "gradient_norm": 0.7},
}
WIDTHS = (60, 80, 100, 140)
LONG = TrainingState(123_456, 1_000_000, 12.345, 3 * 3600 + 62)


def shown(at, width, what=""):
    """The lines of the display on a terminal of this width."""
    screen = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, legacy_windows=False)
    display = Display(screen)
    display.move(at)
    with activity.listening(display._report):
        activity.report(what, 3, 500)
    screen.print(display.__rich__())
    return screen.file.getvalue().rstrip("\n").split("\n")


def state(technique, at=LONG):
    return TrainingState(at.step, at.steps, at.rate, at.left, METRICS[technique])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("technique", METRICS)
def test_the_first_line_has_bar_step_rate_time_and_loss_at_any_width(technique, width):
    first, *rest = shown(state(technique), width)
    assert first[0] in "━─"
    assert first.replace(",", "").count("123456/1000000") == 1
    assert "12.3" in first
    assert "ETA 3:01:0" in first
    assert f"loss {progress_lines.number(METRICS[technique]['loss'])}" in first
    assert all(len(line) <= width for line in (first, *rest))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("technique", METRICS)
def test_the_second_line_has_no_cut_metrics(technique, width):
    entries = progress_lines.others(METRICS[technique])
    below = shown(state(technique), width)[1]
    held = [each for each in entries if each in below]
    assert below == "  ".join(held)
    assert held == entries[: len(held)]
    assert len(held) == len(entries) or len(below) + 2 + len(entries[len(held)]) > width


def test_the_bar_is_as_full_as_the_steps_are_done():
    for step, full in ((0, 0), (50, 0.5), (100, 1)):
        done, rest, _ = progress_lines.bar(TrainingState(step, 100), 80)
        assert len(done) == pytest.approx(full * len(done + rest), abs=1)
    assert not rest


def test_an_activity_has_a_line_with_count_and_duration():
    first, second, last = shown(state("gan"), 60, "training the feature classifier")
    assert first[0] in "━─"
    assert second.startswith("generator loss")
    assert last[2:] == "training the feature classifier  3/500  0:00"


def test_a_long_line_is_cut_between_words():
    line = progress_lines.activity("decoding 1,258 train images of a/very/long/path/to/images", 0, None, 65, 40)
    assert line == "decoding 1,258 train images of …  1:05"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_validation_line_starts_with_loss_and_accuracy(width):
    metrics = {"expected_calibration_error": 0.1, "accuracy": 0.5, "top5_accuracy": 0.9, "loss": 1.0, "brier": 0.2}
    line = progress_lines.validation(12_000, metrics, best=True, width=width)
    assert line.startswith("step 12000  validation  loss 1.0000  accuracy 0.5000")
    assert line.endswith("  best")
    assert len(line) <= width
    assert progress_lines.validation(1, metrics, best=False).count("0.2000") == 1  # complete at any width


def test_lines_are_broken_between_their_parts_alone():
    parts = ["cpu", "float32", "digits (1,258 train)", "9,454 parameters", "runs/" + "x" * 90]
    lines = progress_lines.pack(parts, 40)
    assert lines == ["cpu · float32 · digits (1,258 train)", "9,454 parameters", parts[-1]]
    assert progress_lines.pack(parts, None) == [" · ".join(parts)]


def test_the_display_without_colour_tells_done_from_left():
    done, rest, _ = progress_lines.bar(TrainingState(50, 100), 80)
    assert set(done) != set(rest)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")])
def test_times_are_minutes_and_seconds(seconds, text):
    assert progress_lines.clock(seconds) == text


def test_a_rate_below_one_is_seconds_per_step():
    assert "4.0 s/step" in progress_lines.report(TrainingState(1, 10, 0.25))


def test_a_line_without_a_terminal_has_all_metrics():
    line = progress_lines.report(state("gan"))
    assert all(entry in line for entry in progress_lines.entries(METRICS["gan"]))
    assert line.startswith("step 123456/1000000")


def test_the_lines_of_an_initialized_run_name_the_first_parameters():
    paths = tuple(f"network/layer{number}/kernel" for number in range(5))
    taken = Taken(Path("runs/a"), paths[:2], {paths[0]: (3, 8)}, paths[:1], paths)
    assert progress_lines.initialized(taken) == [
        "initialized 2 of 3 parameters from runs/a (layer0/kernel: 3 of 8 entries)",
        "new: layer0/kernel",
        "not used: layer0/kernel, layer1/kernel, layer2/kernel and 2 more",
    ]

"""The output of training: progress, and messages on a signal."""

from pathlib import Path

import pytest

from dlcli.cli import console
from dlcli.cli.display import Display
from dlcli.cli.training_display import TrainingDisplay
from dlcli.engine import Compiled, Compiling, Reported, Started, Validated, Validating
from dlcli.interrupts import Signals


@pytest.fixture
def printed(capsys):
    """The lines that a run prints without a terminal."""

    def run(*events):
        with Display(console.err()) as display:
            shown = TrainingDisplay(display, Signals())
            for event in events:
                shown.show(event)
        return capsys.readouterr().err.splitlines()

    return run


def test_without_a_terminal_reports_are_lines_at_most_every_two_seconds(printed):
    started = Started(Path("runs/x"), 0, 4, "cpu", "float32", "digits", {"train": 10}, 0, 7)
    reports = [Reported(step, {"loss": 1.0, "gradient_norm": 2.0}, 2.5) for step in (1, 2, 3, 4)]
    lines = printed(started, *reports)
    assert lines[0] == "cpu · float32 · digits (10 train) · 7 parameters · 4 steps · runs/x"
    assert [line.split("  ")[0] for line in lines[1:]] == ["step 1/4", "step 4/4"]
    assert "2.5 steps/s" in lines[1]
    assert lines[1].endswith("gradient norm 2.0000")


def test_a_validation_line_has_all_metrics_without_a_terminal(printed):
    metrics = {f"metric_{number}": 0.5 for number in range(20)}
    (line,) = printed(Validated(8, metrics, True))
    assert line.startswith("step 8  validation  metric 0 0.5000")
    assert line.endswith("metric 19 0.5000  best")


def signal_during(tmp_path, capsys, *events):
    """The message when a signal arrives after these events of a run."""
    signals = Signals()
    with Display(console.err()) as display:
        shown = TrainingDisplay(display, signals)
        for event in [Started(tmp_path, 0, 4, "cpu", "float32", "digits", {}, 0, 7), *events]:
            shown.show(event)
        capsys.readouterr()
        if signals.on_signal:
            signals.on_signal("SIGINT")
    return capsys.readouterr().err or signals.exit_message()


def test_the_effect_of_a_signal_depends_on_the_activity(tmp_path, capsys):
    step, validation = Compiling("training step"), Compiling("validation")
    done = Compiled("training step", 1.0)
    assert "compiling training step cannot be interrupted" in signal_during(tmp_path, capsys, step)
    assert "stopping after this step; saving" in signal_during(tmp_path, capsys, step, done)
    assert "the validation is repeated when the run is resumed" in signal_during(
        tmp_path, capsys, step, done, Validating(1)
    )
    assert "compiling validation cannot" in signal_during(tmp_path, capsys, step, done, Validating(1), validation)
    assert "after this step" in signal_during(tmp_path, capsys, step, done, Validating(1), Validated(1, {}, False))


def test_a_signal_before_the_first_step_reports_what_is_saved(tmp_path, capsys):
    kept = tmp_path / "kept"
    (kept / "checkpoints" / "00000012").mkdir(parents=True)
    (kept / "options.json").touch()
    assert signal_during(kept, capsys).startswith("step 12 is the last saved step; dlcli resume")
    (tmp_path / "new").mkdir()
    assert signal_during(tmp_path / "new", capsys, Compiling("initial weights")) == "nothing was trained yet"
    assert not (tmp_path / "new").exists()

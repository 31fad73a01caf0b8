"""The cost of a run that `--plan` measures."""

from dlcli.engine import plan
from dlcli.techniques.transformer.learner import Learner
from dlcli.techniques.transformer.options import Train


def test_the_time_of_a_step_excludes_the_compilation_of_each_width_of_batches(tmp_path):
    texts = ["a" * length for length in range(1, 61)]
    (tmp_path / "train.tsv").write_text("source\ttarget\n" + "".join(f"{each}\t{each}\n" for each in texts * 2))
    given = {"shape": "encoder-decoder", "dataset": str(tmp_path), "layers": 1, "heads": 1, "d_model": 8}
    options = Train(**given, batch_size=2, length_buckets=32, out=tmp_path / "run")
    found = plan.plan(Learner, options)
    # Nearly every batch has another width, and tracing a step alone takes a hundred times as long as a step.
    assert found.step_seconds < found.compile_seconds / 20
    assert not (tmp_path / "run").exists()

"""What MLflow's own client reads of a tracked run."""

import pytest

import dlcli
from tests.trackers.test_tracking import SMALL

mlflow = pytest.importorskip("mlflow")
# Warnings of the other tool's own dependencies are not failures.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def test_mlflow_has_the_metrics_the_options_and_the_picture_of_a_run(monkeypatch, tmp_path):
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.chdir(tmp_path)  # MLflow writes pictures below the working folder
    mlflow.set_tracking_uri(address)
    run = dlcli.train("cnn", **SMALL, out=tmp_path / "run", track="mlflow")
    client = mlflow.MlflowClient(address)
    [found] = client.search_runs([client.get_experiment_by_name("dlcli").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["technique"] == "cnn"
    assert found.data.params["channels"] == "4"
    for split in ("train", "validation"):
        logged = [(each.step, each.value) for each in client.get_metric_history(found.info.run_id, f"{split}/loss")]
        expected = [(each["step"], each["metrics"]["loss"]) for each in run.history if each["split"] == split]
        assert logged == [pytest.approx(each, rel=1e-5) for each in expected]
    assert [each.path for each in client.list_artifacts(found.info.run_id)] == ["confusion.png"]

import json
import re
import shutil

import numpy as np
import pytest
from scipy import stats

import dlcli
from dlcli.reports import about, comparison, curves, pictures
from dlcli.reports.budget import Budget
from dlcli.reports.options import Report
from dlcli.techniques.opening import open_run


def widgets(page):
    """The data of each widget by its kind."""
    found = re.findall(r'data-widget="([a-z]+)"><script type="application/json">(.*?)</script>', page, re.DOTALL)
    return {kind: json.loads(data) for kind, data in found}


@pytest.fixture(scope="module")
def cnn_page(cnn_run, tmp_path_factory):
    return dlcli.report(cnn_run, tmp_path_factory.mktemp("report") / "cnn.html", figures=False).read_text()


def test_the_confusion_matrix_is_that_of_the_figure(cnn_page, cnn_run):
    found = widgets(cnn_page)["confusion"]
    numbers = dlcli.draw("confusion", run=cnn_run).numbers
    assert found["counts"] == numbers["counts"]
    assert found["classes"] == list(numbers["classes"])


def test_each_example_is_an_error_of_its_cell(cnn_page):
    found = widgets(cnn_page)["confusion"]
    assert found["examples"]
    for each in found["examples"]:
        assert each["truth"] != each["prediction"]
        assert found["counts"][each["truth"]][each["prediction"]] > 0
        assert each["image"].startswith("data:image/png;base64,")
    probabilities = [each["probability"] for each in found["examples"]]
    assert probabilities == sorted(probabilities, reverse=True)


def test_the_bins_of_the_reliability_diagram_hold_all_examples(cnn_page):
    found = widgets(cnn_page)
    assert sum(found["reliability"]["count"]) == np.sum(found["confusion"]["counts"])


def test_the_curves_are_the_log_of_the_run(cnn_page, cnn_run):
    found = widgets(cnn_page)["curves"]
    names = [line["name"] for line in found["lines"]]
    [loss] = [panel for panel in found["panels"] if panel["metric"] == "loss"]
    for record in dlcli.load(cnn_run).history:
        [series] = [each for each in loss["series"] if names[each["line"]] == record["split"]]
        at = series["steps"].index(record["step"])
        assert series["values"][at] == pytest.approx(record["metrics"]["loss"], rel=1e-5)


def test_options_that_differ_from_their_defaults_are_listed(cnn_page):
    [table] = re.findall(r"options that differ from their defaults</p>(.*?)</table>", cnn_page, re.DOTALL)
    assert re.search(r"--channels</th><td[^>]*>4</td>", table)
    assert "--seed" not in table


def test_a_default_that_depends_on_other_options_does_not_differ(gan_density_run):
    text = about.parts(open_run(gan_density_run))[1].html()
    assert "--batch-size" in text  # given, and not that of a density
    for name in ("--learning-rate", "--latent-dim", "--gradient-penalty"):  # those of a density, not of images
        assert name not in text


def test_the_test_split_is_measured_only_on_request(cnn_run, tmp_path):
    page = dlcli.report(cnn_run, tmp_path / "test.html", figures=False, eval=True).read_text()
    measured = dlcli.load(cnn_run).evaluate()
    assert widgets(page)["confusion"]["counts"] == measured["confusion"]["counts"]
    assert "test split of digits" in page


def test_a_class_name_cannot_end_the_script(mlp_run, tmp_path):
    run = shutil.copytree(mlp_run, tmp_path / "run")
    facts = json.loads((run / "facts.json").read_text())
    facts["classes"] = ["</script><b>", *facts["classes"][1:]]
    (run / "facts.json").write_text(json.dumps(facts))
    page = dlcli.report(run, tmp_path / "mlp.html", figures=False).read_text()
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;" in page


def test_a_language_model_shows_the_probability_of_each_token(rnn_run, tmp_path):
    page = dlcli.report(rnn_run, tmp_path / "rnn.html", figures=False).read_text()
    found = widgets(page)["tokens"]
    text = json.loads((rnn_run / "run.json").read_text())["example"]
    [expected] = dlcli.load(rnn_run).score(text)
    np.testing.assert_allclose(np.log(found["probabilities"]), expected.log_probabilities, rtol=1e-4, atol=1e-4)
    assert "<pre>" in page  # the samples


def test_the_attention_of_each_query_sums_to_one(transformer_run, tmp_path):
    page = dlcli.report(transformer_run, tmp_path / "attention.html", figures=False).read_text()
    found = widgets(page)["attention"]
    weights = np.reshape(found["weights"], found["shape"])
    np.testing.assert_allclose(weights.sum(axis=-1), 1000, atol=0.5 * weights.shape[-1])
    assert weights.shape[2:] == (len(found["queries"]), len(found["keys"]))


def test_a_long_curve_keeps_its_ends_and_its_best_point():
    points = [(step, float(step)) for step in range(5_000)]
    thinned = curves._thinned(points, best=1_234)
    assert len(thinned) <= 1_001
    assert {points[0], points[-1], points[1_234]} <= set(thinned)


def test_pictures_beyond_the_size_of_a_page_are_left_out_with_a_note():
    budget = Budget()
    small = budget.picture(b"x" * 1_000, "image/gif", "small")
    large = budget.picture(b"x" * 2_000_000, "image/gif", "large", "dlcli viz large")
    assert "<img" in small.html()
    assert "large: left out" in large.html()
    assert "dlcli viz large" in large.html()


def _copies(folder, tmp_path, settings):
    """Copies of a run with changed options and best losses: {name: (options, loss)}."""
    for name, (options, loss) in settings.items():
        copy = shutil.copytree(folder, tmp_path / name)
        for file, change in (("options.json", options), ("run.json", {})):
            found = json.loads((copy / file).read_text()) | change
            if file == "run.json":
                found["ended"]["best"]["loss"] = loss
            (copy / file).write_text(json.dumps(found))
    return [open_run(tmp_path / name) for name in settings]


def test_a_figure_that_takes_minutes_is_named_with_its_command(diffusion_run, monkeypatch, tmp_path):
    monkeypatch.setattr(pictures.figures, "of", lambda technique: ["noise-schedule", "curvature"])
    page = dlcli.report(diffusion_run, tmp_path / "report.html").read_text()
    assert f"curvature (takes minutes: dlcli viz curvature --run {diffusion_run})" in page
    assert "noise-schedule" in page


def test_runs_that_differ_in_their_seed_are_compared_in_pairs(cnn_run, tmp_path):
    losses = {"a": [1.0, 1.2, 1.5], "b": [0.8, 1.1, 1.2]}
    settings = {
        f"{name}{seed}": ({"seed": seed, "learning_rate": rate}, losses[name][seed])
        for name, rate in (("a", 0.1), ("b", 0.2))
        for seed in range(3)
    }
    runs = _copies(cnn_run, tmp_path, settings)
    html = "".join(part.html() for part in comparison.parts(runs, Report(runs=["x"])))
    differences = [-0.2, -0.1, -0.3]
    mean, half = np.mean(differences), stats.t.ppf(0.975, 2) * np.std(differences, ddof=1) / 3**0.5
    assert f"{mean:.4g} ({mean - half:.4g} – {mean + half:.4g})" in html
    assert re.findall(r'<tr class="marked"><th scope="row" class="option">(--[a-z-]+)', html) == [
        "--seed",
        "--learning-rate",
    ]


def test_runs_with_different_seeds_are_not_paired(cnn_run, tmp_path):
    settings = {"a0": ({"seed": 0, "l2": 0.1}, 1.0), "b1": ({"seed": 1}, 1.0)}
    runs = _copies(cnn_run, tmp_path, settings)
    assert "95 % interval" not in "".join(part.html() for part in comparison.parts(runs, Report(runs=["x"])))


def test_the_command_prints_the_path(dlcli, tokenizer_run):
    code, out, _ = dlcli("report", tokenizer_run, "--out", "pages/tokenizer.html", "--no-figures")
    assert (code, out) == (0, "pages/tokenizer.html\n")


def test_a_folder_as_output_is_a_usage_error(dlcli, cnn_run, tmp_path):
    code, _, err = dlcli("report", cnn_run, "--out", tmp_path)
    assert code == 2
    assert "must be a file" in err


def test_an_unknown_run_is_an_error_of_runs(dlcli):
    assert dlcli("report", "nothing")[0] == 4

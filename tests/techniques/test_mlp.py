import numpy as np
import pytest

import dlcli as api
from dlcli.engine import devices
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.techniques.mlp.options import Train

TINY = {"points": 60, "hidden_sizes": "8", "batch_size": 16, "learning_rate": 0.01, "schedule": "constant"}
INPUTS = {"predict": lambda folder: {"rows": ["0.5,0.25", "-1,x", "1"]}}
SHORT = {"steps": 400, "report_every": 200, "validate_every": 200, "schedule": "constant", "learning_rate": 0.01}


@pytest.fixture(scope="module", autouse=True)
def _cached_compilations():
    devices.prepare("auto")


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    return api.train("mlp", dataset="iris", hidden_sizes="16", out=tmp_path_factory.mktemp("mlp") / "iris", **SHORT)


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlp") / "diabetes"
    return api.train("mlp", dataset="diabetes", hidden_sizes="none", out=folder, **SHORT)


def test_iris_is_classified(iris):
    assert iris.evaluate()["accuracy"]["value"] >= 0.95


def test_a_row_of_iris_is_classified_as_its_species(iris):
    found, wrong = iris.predict(["5.1,3.5,1.4,0.2", "5.1,3.5"])
    assert found.answers[0][0] == "setosa"
    assert sum(probability for _, probability in found.answers) == pytest.approx(1, abs=1e-5)
    assert "must have 4 numbers, and has 2" in wrong.problem


def test_an_array_is_predicted_as_its_rows_are(iris):
    rows = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]
    texts = iris.predict([",".join(map(str, row)) for row in rows])
    assert [each.answers for each in iris.predict(np.array(rows))] == [each.answers for each in texts]
    assert iris.predict(rows[0])[0].answers == texts[0].answers


def test_a_table_is_predicted_by_the_names_of_its_columns(iris, tmp_path):
    header = "id,petal width (cm),Petal length (cm),sepal width (cm),sepal length (cm)"
    (tmp_path / "new.csv").write_text(f"{header}\n7,0.2,1.4,3.5,5.1\n8,0.2,,3.5,5.1\n")
    found, wrong = iris.predict(str(tmp_path / "new.csv"))
    assert found.answers == iris.predict("5.1,3.5,1.4,0.2")[0].answers
    assert wrong.problem.endswith("has no value in column 'petal length (cm)'")


def test_a_table_without_a_column_of_training_is_refused(iris, tmp_path):
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    assert "lacks 'sepal length (cm)'" in iris.predict(str(tmp_path / "new.csv"))[0].problem


def test_a_linear_regression_by_gradient_descent_reaches_least_squares(diabetes):
    from sklearn.linear_model import LinearRegression

    from dlcli.data.tabular import catalogue

    parts = catalogue.open("diabetes").splits
    exact = LinearRegression().fit(parts["train"].features, parts["train"].target)
    assert diabetes.evaluate()["r2"]["value"] == pytest.approx(
        exact.score(parts["test"].features, parts["test"].target), abs=0.02
    )


def test_a_value_is_predicted_in_the_unit_of_the_target(diabetes):
    from dlcli.data.tabular import catalogue

    test = catalogue.open("diabetes").splits["test"]
    found = [each.answers[0][1] for each in diabetes.predict(test.features)]
    error = np.sqrt(np.mean(np.square(np.array(found) - test.target)))
    assert error == pytest.approx(diabetes.evaluate()["rmse"]["value"], rel=1e-4)


def test_data_with_other_columns_is_refused(iris):
    with pytest.raises(RunError, match="must have the columns that"):
        iris.evaluate(dataset="wine")


def test_data_with_other_classes_is_refused(tmp_path):
    header, rows = "a,b,label", [f"{n},{n % 3},{'xy'[n % 2]}" for n in range(40)]
    (tmp_path / "one.csv").write_text("\n".join([header, *rows]))
    (tmp_path / "other.csv").write_text("\n".join([header, *rows]).replace("x", "z"))
    run = api.train("mlp", dataset=str(tmp_path / "one.csv"), out=tmp_path / "run", steps=2, hidden_sizes="4")
    with pytest.raises(RunError, match="missing 'x'; new 'z'"):
        run.evaluate(dataset=str(tmp_path / "other.csv"))


def test_too_many_training_examples_are_refused(tmp_path):
    with pytest.raises(UsageError, match="--train-examples must be at most 105"):
        api.train("mlp", dataset="iris", train_examples=200, out=tmp_path / "run")


def test_classes_that_are_texts_cannot_be_regressed(tmp_path):
    with pytest.raises(DatasetError, match="must be numbers for --task regress"):
        api.train("mlp", dataset="iris", task="regress", out=tmp_path / "run")


@pytest.mark.parametrize("sizes", ["", "0", "64,", "a", "1e3", "64;64"])
def test_hidden_sizes_are_numbers_of_units(sizes):
    with pytest.raises(ValueError, match="numbers of units"):
        Train(hidden_sizes=sizes)


def test_options_of_points_need_points():
    with pytest.raises(ValueError, match=r"--noise 0\.2 needs --dataset circles, moons, spirals or xor"):
        Train(dataset="iris", noise=0.2)


def test_rows_of_different_lengths_are_refused(iris):
    with pytest.raises(UsageError, match="rows must be strings, or numbers"):
        iris.predict([[1, 2, 3, 4], [1, 2]])


def test_a_row_that_starts_with_a_minus_has_a_hint(dlcli):
    code, _, err = dlcli("predict", "mlp", "-1,2")
    assert code == 2
    assert "a value that starts with a minus follows --" in err

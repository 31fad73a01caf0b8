"""Properties of every check; a new check needs no change here."""

import ast
import json
import sys
from pathlib import Path

import pytest

from dlcli import checks
from dlcli.checks import Result
from dlcli.cli.app import main
from dlcli.errors import UsageError

FILES = sorted(path for path in Path(checks.__file__).parent.glob("*.py") if path.name != "__init__.py")


@pytest.fixture
def dlcli(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dlcli", "check", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def replace_checks(monkeypatch, **results):
    """Replace all checks by checks of these names with these results."""
    names = {name.replace("_", "-"): holds for name, holds in results.items()}
    monkeypatch.setattr(checks, "names", lambda: list(names))
    monkeypatch.setattr(checks, "run", lambda name: Result(name, "It holds.", {"gap": 0.25}, 0.5, names[name]))
    monkeypatch.setattr(checks, "statement", lambda name: "It holds.")


def test_each_file_is_a_check():
    assert checks.names() == [path.stem.replace("_", "-") for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_statement_is_one_sentence(path):
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
    assert "\n" not in first
    assert first.endswith(".")
    assert checks.statement(path.stem.replace("_", "-")) == first


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_test_breaks_each_check(path):
    assert "holds" in (Path(__file__).parent / f"test_{path.stem}.py").read_text()


def test_an_unknown_check_has_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'momentum-sum'"):
        checks.run("momentum-sums")


def test_all_checks_print_one_row_each(dlcli, monkeypatch):
    replace_checks(monkeypatch, one=True, two=True)
    code, out, _ = dlcli()
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["one", "holds"], ["two", "holds"]]


def test_a_failed_check_exits_with_8(dlcli, monkeypatch):
    replace_checks(monkeypatch, one=True, two=False)
    code, out, err = dlcli()
    assert code == 8
    assert "two" in out
    assert "1 of 2 statements do not hold: two" in err


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 8)])
def test_json_prints_one_object(dlcli, monkeypatch, holds, code):
    replace_checks(monkeypatch, one=True, two=holds)
    found, out, _ = dlcli("--json")
    numbers = json.loads(out)
    assert found == code
    assert [each["name"] for each in numbers["checks"]] == ["one", "two"]
    assert numbers["failed"] == ([] if holds else ["two"])


def test_one_check_shows_its_statement_and_its_numbers(dlcli, monkeypatch):
    replace_checks(monkeypatch, one=True)
    code, out, _ = dlcli("one")
    assert code == 0
    assert "one: It holds." in out
    assert "gap" in out


def test_an_unknown_name_on_the_command_line_is_a_usage_error(dlcli):
    code, out, err = dlcli("adam-bais")
    assert (code, out) == (2, "")
    assert "adam-bias" in err


def test_the_help_lists_every_check(dlcli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = dlcli("--help")
    assert code == 0
    assert all(name in out for name in checks.names())


@pytest.mark.parametrize("name", checks.names())
def test_each_check_has_a_formula_and_a_source(name):
    found = checks.explanation(name)
    assert found.statement == checks.statement(name)
    assert found.formula.endswith(".")
    assert found.reference.endswith(".")
    assert "Formula:" not in found.details + found.reference


def test_explain_measures_nothing(dlcli, monkeypatch):
    monkeypatch.setattr(checks, "run", lambda name: pytest.fail("it was measured"))
    code, out, _ = dlcli("momentum-sum", "--explain")
    assert code == 0
    assert "formula: v_t = β v_{t−1} + g_t" in out
    assert "source: Polyak" in out


def test_explain_as_json_has_every_check(dlcli):
    code, out, _ = dlcli("--explain", "--json")
    assert code == 0
    assert [each["name"] for each in json.loads(out)["checks"]] == checks.names()


def test_explaining_an_unknown_check_is_a_usage_error(dlcli):
    assert dlcli("adam-bais", "--explain")[0] == 2

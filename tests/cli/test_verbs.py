from __future__ import annotations

from pathlib import Path

from dlcli.cli import app, verbs
from dlcli.cli.verbs import _ORDER


def test_each_verb_of_the_order_is_found():
    assert verbs.names()[: len(_ORDER)] == list(_ORDER)


def test_a_new_verb_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "ablate.py").write_text('"""Leave out parts of a model: `dlcli ablate RUN`."""\n')
    (tmp_path / "tools.py").write_text('"""Tools of the verbs."""\n')
    monkeypatch.setattr(verbs, "__file__", str(tmp_path / "verbs.py"))
    verbs._summaries.cache_clear()
    try:
        assert verbs.names() == ["ablate"]
        assert verbs.summary("ablate") == "Leave out parts of a model."
    finally:
        verbs._summaries.cache_clear()


def test_a_file_that_mentions_another_verb_is_no_verb():
    assert "plan" not in verbs.names()  # its first line names `dlcli train`
    assert (Path(app.__file__).parent / "plan.py").exists()


def test_the_help_lists_all_verbs(dlcli):
    code, out, _ = dlcli("--help")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if line[:3] == "│ " + line[2:3] and line[2:3].isalpha()] == (
        verbs.names()
    )

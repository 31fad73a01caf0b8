from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

import dlcli.data

FOLDER = Path(dlcli.data.__file__).parent


@pytest.mark.parametrize(("wing", "other"), list(itertools.permutations(["images", "tabular", "text"], 2)))
def test_no_file_of_one_wing_imports_another(wing, other):
    for path in (FOLDER / wing).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            assert not [module for module in modules if f"{module}.".startswith(f"dlcli.data.{other}.")], path

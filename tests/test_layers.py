"""Imports point down the layers only, option modules stay light, and no file or function outgrows its budget."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dlcli"
LAYERS = [
    {"cli", "__main__"},
    {"tuned"},
    {"api"},
    {"notebook", "trackers", "serve"},
    {"reports"},
    {"figures", "studies", "tuning", "checks", "export", "importing"},
    {"techniques"},
    {"engine", "text_models"},
    {"runs", "metrics", "data", "optim", "plot", "pages"},
    {"nn", "interface", "artifacts"},
    {"formats"},
    {"files", "notices", "compiling", "activity", "interrupts", "processes", "child_processes", "memory"},
    {"validation", "python_inputs"},
    {"nearest", "paths"},
    {"options", "errors"},
    {"discovery"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
FILES = sorted(PACKAGE.rglob("*.py"))


def _place(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(tree):
    """The top-level parts of dlcli that a file imports from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "dlcli":
            yield from (alias.name for alias in node.names if alias.name != "__version__")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlcli."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("dlcli."))


def _functions(path):
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    here = _place(path)
    if here in ("__init__", "__main__"):
        return
    wrong = [name for name in _imported(ast.parse(path.read_text())) if name != here and RANK[name] <= RANK[here]]
    assert not wrong


def test_no_technique_imports_another():
    for path in (PACKAGE / "techniques").rglob("*.py"):
        modules = [n.module or "" for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]
        theirs = [m for m in modules if m.startswith("dlcli.techniques.")]
        assert all(m.split(".")[2] == path.parent.name for m in theirs), path


def test_no_file_has_more_than_400_lines():
    assert not [(path.name, lines) for path in FILES if (lines := len(path.read_text().splitlines())) > 400]


def test_no_function_has_more_than_60_lines():
    found = [(path, each) for path in FILES for each in _functions(path)]
    assert not [(path.name, f.name) for path, f in found if f.end_lineno - f.lineno + 1 > 60]


def test_building_the_command_tree_loads_no_heavy_library():
    code = (
        "import sys; from dlcli.cli.app import build; build();"
        "print([m for m in ('jax', 'numpy', 'flax', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# What each layer of dlcli.plot may import of the others.
PLOT = {"charts": set(), "page": {"charts"}, "terminal": {"charts"}}


def _modules(path):
    """The modules that a file imports, as dotted names; `from a import b` gives a and a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("layer", PLOT)
def test_a_layer_of_plot_imports_only_charts(layer):
    for path in (PACKAGE / "plot" / layer).glob("*.py"):
        imported = {name.split(".")[2] for name in _modules(path) if name.startswith("dlcli.plot.")}
        assert imported & set(PLOT) <= PLOT[layer] | {layer}, path


@pytest.mark.parametrize("layer", ["charts", "terminal"])
def test_only_pages_import_matplotlib(layer):
    for path in (PACKAGE / "plot" / layer).glob("*.py"):
        assert not [name for name in _modules(path) if name.split(".")[0] == "matplotlib"], path


def test_each_chart_has_a_page_and_a_terminal_drawing():
    charts, page, terminal = (
        {path.stem for path in (PACKAGE / "plot" / layer).glob("[a-z]*.py")} for layer in ("charts", "page", "terminal")
    )
    assert charts <= page & terminal

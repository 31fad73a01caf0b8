"""Properties of every figure; a new figure needs no change here except its required options."""

import functools
import json
import shlex
from pathlib import Path

import pytest
from rich.text import Text

from dlcli import figures
from dlcli.artifacts import Figure
from dlcli.cli import viz
from dlcli.plot.page.files import save
from dlcli.plot.terminal.text import columns

CATALOGUE = figures.catalogue()
OF_RUNS = [name for name, model in CATALOGUE.items() if "run" in model.model_fields]
FREE = [name for name, model in CATALOGUE.items() if name not in OF_RUNS or model.model_fields["run"].default is None]
TEXT = {"text": "The vorpal sword"}
REQUIRED = {"token-probabilities": TEXT, "hidden-state": TEXT}  # options without a default, by the name of the figure
# Fixtures of runs, for figures that a run of other data cannot show; default: that of the technique.
RUNS = {
    "discriminator-field": "gan_density_run",
    "score-field": "diffusion_density_run",
    "sampler-quality": "diffusion_density_run",
    "dropout-masks": "dropped_cnn_run",
}
SMALL = {
    "sampler-quality": {"steps": "2", "samples": 100},
    "loss-landscape": {"points": 3, "batches": 2},
    "curvature": {"iterations": 3, "batches": 2},
    "basins": {"starts": 5, "steps": 20},
}  # options with which a figure is drawn in seconds
ANY = "cnn"  # the technique of the run that a figure of any technique is drawn from
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def of_run(name, folder):
    model = CATALOGUE[name]
    run = (str(folder),) if isinstance(model.model_fields["run"].default, tuple) else str(folder)
    return model(run=run, **REQUIRED.get(name, {}), **SMALL.get(name, {}))


@functools.cache
def drawn_without_a_run(name):
    return figures.draw(name, CATALOGUE[name](**REQUIRED.get(name, {}), **SMALL.get(name, {})))


@pytest.fixture(scope="module", params=CATALOGUE)
def figure(request):
    """A figure and its name, of a tiny run of the fixture TECHNIQUE_run if it can be drawn of a run."""
    if request.param not in OF_RUNS:
        return request.param, drawn_without_a_run(request.param)
    technique = CATALOGUE[request.param].technique
    first = technique if isinstance(technique, str) else technique[0]
    run = request.getfixturevalue(RUNS.get(request.param, f"{first or ANY}_run"))
    return request.param, figures.draw(request.param, of_run(request.param, run))


def test_it_has_its_own_name(figure):
    name, drawn = figure
    assert isinstance(drawn, Figure)
    assert drawn.name == name


@pytest.mark.parametrize("ending", MAGIC)
def test_it_is_saved_in_each_format(figure, ending, tmp_path):
    _, drawn = figure
    path = tmp_path / f"figure.{ending}"
    save(drawn.drawing, path)
    assert path.read_bytes().startswith(MAGIC[ending])


def test_it_is_animated_only_if_its_options_declare_it(figure):
    name, drawn = figure
    assert (drawn.animation is not None) == CATALOGUE[name].animated


def test_its_numbers_can_be_written_as_json(figure):
    _, drawn = figure
    assert len(json.loads(json.dumps(drawn.numbers, allow_nan=False))) > 1


@pytest.mark.parametrize("width", [80, 100])
def test_its_sketch_is_plain_text_without_colour(figure, width):
    _, drawn = figure
    lines = drawn.sketch(width, False)
    assert lines
    assert max(map(len, lines)) <= width
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize(("width", "max_lines"), [(80, 48), (60, 48), (80, 30)])
def test_its_sketch_fits_into_columns_and_lines(figure, colour, width, max_lines):
    _, drawn = figure
    lines = [Text.from_ansi(line).plain for line in drawn.sketch(width, colour, max_lines)]
    assert len(lines) <= max_lines
    assert max(map(columns, lines)) <= width


def test_its_sketch_in_full_has_at_least_as_many_lines(figure):
    _, drawn = figure
    assert len(drawn.sketch(80, True)) >= len(drawn.sketch(80, True, 48))


def test_its_sketch_has_colours(figure):
    _, drawn = figure
    assert "\x1b[" in "".join(drawn.sketch(80, True))


@pytest.mark.parametrize("name", FREE)
def test_it_needs_no_trained_run(name):
    assert drawn_without_a_run(name).numbers.get("run") is None


@pytest.mark.parametrize(
    ("name", "example"), [(name, line) for name, model in CATALOGUE.items() for line in model.examples]
)
def test_its_examples_are_command_lines(name, example, dlcli, monkeypatch):
    drawn = []
    monkeypatch.setattr(viz, "run", lambda figure, options, call: drawn.append(figure))
    code, _, err = dlcli(*shlex.split(example)[1:])
    assert (code, err, drawn) == (0, "", [name])


@pytest.mark.parametrize("name", CATALOGUE)
def test_it_has_a_file_of_its_name(name):
    assert (Path(figures.__file__).parent / f"{name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("name", CATALOGUE)
def test_its_help_contains_its_summary(name, dlcli):
    code, out, err = dlcli("viz", name, "--help")
    assert (code, err) == (0, "")
    assert CATALOGUE[name].__doc__.split()[0] in out


def test_an_unknown_figure_has_the_nearest_name(dlcli):
    code, _, err = dlcli("viz", "lerning-curves")
    assert code == 2
    assert "learning-curves" in err

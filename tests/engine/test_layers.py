"""The layers that `--plan` lists."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dlcli import techniques
from dlcli.cli import plan as cli_plan
from dlcli.engine import devices
from dlcli.engine.layers import Layer, layers
from dlcli.engine.program import Program
from dlcli.runs.writer import RunWriter


class Block(nnx.Module):
    def __init__(self, size, rngs):
        self.linear = nnx.Linear(4, size, rngs=rngs)
        self.unused = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.linear(x), x

    def helper(self, x):
        return x[0]


class Tiny(nnx.Module):
    """A replacement for a learner: two blocks in a list, one of them called by another method, and a parameter."""

    def __init__(self, rngs):
        self.blocks = nnx.List([Block(3, rngs), Block(5, rngs)])
        self.table = nnx.Param(jnp.zeros([7, 2]))
        self.average = nnx.EMA(self.blocks[0], 0.9)

    def update(self, batch):
        self.blocks[1](batch["x"])
        self.blocks[1].helper(batch["x"])
        self.blocks[0].helper(batch["x"])
        return {}


def listed():
    return layers(lambda: Tiny(nnx.Rngs(0)), {"x": jnp.zeros([6, 4])})


def test_layers_are_listed_in_the_order_of_their_calls():
    assert listed() == [
        Layer("blocks/1", "Block", (6, 5), 25, 0),
        Layer("blocks/1/linear", "Linear", (6, 5), 25, 1),
        Layer("blocks/0", "Block", (4,), 15, 0),
        Layer("blocks/0/linear", "Linear", None, 15, 1),
        Layer("table", "Param 7×2", None, 14, 0),
    ]


def test_the_classes_are_unchanged_after_listing():
    before = Block.__call__, Block.helper, nnx.Linear.__call__, dict(nnx.Dropout.__dict__)
    listed()
    assert (Block.__call__, Block.helper, nnx.Linear.__call__, dict(nnx.Dropout.__dict__)) == before


class Vast(nnx.Module):
    """Has more parameters than there is memory."""

    def __init__(self, rngs):
        self.linear = nnx.Linear(10**6, 10**7, rngs=rngs)

    def update(self, batch):
        self.linear(batch["x"])
        return {}


def test_listing_layers_computes_nothing():
    batch = {"x": jax.ShapeDtypeStruct((2, 10**6), jnp.float32)}
    assert layers(lambda: Vast(nnx.Rngs(0)), batch) == [Layer("linear", "Linear", (2, 10**7), 10**13 + 10**7, 0)]


def test_deep_layers_are_collapsed_until_they_fit():
    deep = [
        Layer(f"{a}" + "/x" * depth, "T", None, 1, depth) for a in range(20) for depth in range(3)
    ]  # 20 of each depth
    assert [each.depth for each in cli_plan._collapsed(deep)] == [0, 1] * 20
    assert cli_plan._collapsed(deep[:30]) == deep[:30]
    assert len(cli_plan._collapsed([Layer(str(n), "T", None, 1, 0) for n in range(90)])) == 40
    assert cli_plan._collapsed([]) == []


@pytest.mark.parametrize("technique", techniques.having("resume"))
def test_the_layers_of_a_technique_have_all_its_parameters(technique, request):
    learner_type = techniques.learner(technique)
    options = RunWriter(request.getfixturevalue(f"{technique}_run")).options(learner_type)
    data = learner_type.read(options)
    found = layers(lambda: learner_type(options, data.facts), next(iter(data.train_from(0))))
    program = Program(learner_type, options, data.facts, devices.mesh(options.batch_size))
    assert sum(each.parameters for each in found if not each.depth) == program.parameters
    assert len({each.path for each in found}) == len(found)
    if technique != "word2vec":  # its tables are looked up without a layer
        assert all(each.output for each in found if "Param" not in each.kind)


@pytest.mark.parametrize(
    ("technique", "given", "chosen"),
    [
        ("cnn", {}, {"channels": 32, "stages": 2, "pool": "max", "norm": "none", "activation": "relu", "hidden": 128}),
        ("cnn", {"arch": "resnet", "depth": 18, "norm": "group"}, {"channels": 64, "pool": "stride", "hidden": 0}),
        ("gan", {"loss": "wasserstein", "beta1": 0.5}, {"critic_steps": 5, "gradient_penalty": 10.0, "beta2": 0.9}),
        ("transformer", {"preset": "gpt2"}, {"norm": "layer", "positions": "learned", "d_ff": 512, "bias": True}),
        ("rnn", {}, {}),
    ],
)
def test_a_plan_has_the_values_that_a_technique_chooses_for_unset_options(technique, given, chosen):
    options = techniques.options(technique, "train")(**given)
    found = {name: value for name, (value, _) in techniques.learner(technique).chosen(options).items()}
    assert found == found | chosen
    assert not set(found) & set(given)


def test_a_plan_shows_chosen_values_and_layers_in_80_columns(dlcli, monkeypatch):
    monkeypatch.setattr("dlcli.cli.console._PIPE_WIDTH", 80)
    code, out, _ = dlcli("train", "cnn", "--channels", 2, "--hidden", 4, "--batch-size", 4, "--plan")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert ["--pool", "max", "--arch", "small"] in lines
    assert ["logits", "Linear", "[4,", "10]", "50"] in lines
    assert max(map(len, out.splitlines())) <= 80


def test_full_without_a_plan_is_refused(dlcli):
    code, _, err = dlcli("train", "cnn", "--full")
    assert code == 2
    assert "--plan" in err

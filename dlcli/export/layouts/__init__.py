"""Layouts of transformer models in the transformers library: names and shapes of their tensors, and `config.json`.

Each module has `tensors(network)`, which returns float32 arrays by name, and `config(network)`. The networks compute
what the classes of the library compute; what a layout lacks, such as biases of the `modern` preset, is absent there.
"""

"""Layouts of transformer models in the transformers library, as they are read.

Each module has `MODEL_TYPES`, the values of `model_type` in `config.json`; `options(config)`, which returns training
options; `place(source, options)`, which maps the tensors to parameters; and `ignored(name)`, whether a
tensor holds nothing that was learned. What dlcli's blocks cannot compute is refused.
"""

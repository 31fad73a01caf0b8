"""The catalogue of figures: one class each, in the order of the course; the name in kebab case is the command."""

from dlcli.figures.options.generative import Denoising, DiffusionProcess, GanTraining, LatentWalk
from dlcli.figures.options.images import (
    Activations,
    Augmentation,
    Confusion,
    Filters,
    Pooling,
    ReceptiveField,
    Saliency,
)
from dlcli.figures.options.text import (
    Attention,
    AttentionPattern,
    Embeddings,
    HiddenState,
    Subwords,
    TokenProbabilities,
)
from dlcli.figures.options.training import LearningCurves, OptimizerSurface, Schedule

CATALOGUE = (
    LearningCurves,
    Schedule,
    OptimizerSurface,
    Augmentation,
    Pooling,
    ReceptiveField,
    Filters,
    Activations,
    Saliency,
    Confusion,
    Subwords,
    Embeddings,
    TokenProbabilities,
    HiddenState,
    Attention,
    AttentionPattern,
    GanTraining,
    LatentWalk,
    DiffusionProcess,
    Denoising,
)

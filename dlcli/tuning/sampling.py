"""Which values the trials of a search take, which of them are stopped early, and which parameters matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dlcli.runs.trials.storage import database_errors, optuna_module, quiet
from dlcli.tuning.options import Pruner, Sampler
from dlcli.tuning.ranges import Choices, Range

if TYPE_CHECKING:
    import optuna

_STARTUP = 5  # complete trials before the median prunes
_REDUCTION = 3  # of hyperband
_IMPORTANCE_TRIALS = 4  # complete trials that an importance needs
_FIXED = "fixed_params"  # attribute in which Optuna expects values that no sampler chooses


def study(
    storage: Any, name: str, sampler: Sampler = "tpe", pruner: Pruner = "none", *, seed: int = 0, steps: int = 1
) -> optuna.Study:
    """Return the study of a search.

    Args:
        storage: that it is in.
        name: of the study.
        sampler: chooses the values of trials.
        pruner: stops runs.
        seed: of the sampler.
        steps: of a run, for the pruner.
    """
    optuna = optuna_module()
    with database_errors(), quiet():
        samplers, pruners = optuna.samplers, optuna.pruners
        chosen = {
            "tpe": lambda: samplers.TPESampler(seed=seed, constant_liar=True),
            "random": lambda: samplers.RandomSampler(seed=seed),
            "grid": lambda: samplers.RandomSampler(seed=seed),  # each trial has its values
            "cmaes": lambda: samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        }[sampler]()
        rule = {
            "median": lambda: pruners.MedianPruner(n_startup_trials=_STARTUP),
            "hyperband": lambda: pruners.HyperbandPruner(
                min_resource=max(1, steps // 10), max_resource=steps, reduction_factor=_REDUCTION
            ),
            "none": pruners.NopPruner,
        }[pruner]()
        return optuna.load_study(study_name=name, storage=storage, sampler=chosen, pruner=rule)


def fix(storage: Any, id: int, values: Mapping[str, Any]) -> None:
    """Set the values of a trial that has begun, so that no sampler chooses them."""
    with database_errors():
        storage.set_trial_system_attr(id, _FIXED, dict(values))


def suggest(trial: Any, range_: Range) -> Any:
    """Return the value of a parameter in a trial; the sampler chooses it the first time."""
    with quiet():
        if isinstance(range_, Choices):
            return trial.suggest_categorical(range_.name, range_.values)
        if range_.whole:
            return trial.suggest_int(range_.name, range_.low, range_.high, log=range_.log)
        return trial.suggest_float(range_.name, range_.low, range_.high, log=range_.log)


def importance(of: optuna.Study) -> dict[str, float]:
    """Return the share of the variance that each parameter explains; {} if there are too few trials.

    Reference: Hutter, Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", 2014,
    ICML.
    """
    optuna = optuna_module()
    complete = of.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len(complete) < _IMPORTANCE_TRIALS:
        return {}
    with quiet():
        try:
            found = optuna.importance.get_param_importances(
                of, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
            )
        except (ValueError, RuntimeError):  # all values are equal, or no parameter is in all trials
            return {}
    return {name: float(share) for name, share in found.items()}

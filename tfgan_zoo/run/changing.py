"""What a run does about a config that has changed: more steps, other records, other scores."""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data.fingerprints import Fingerprint
from tfgan_zoo.models import ZooModel
from tfgan_zoo.run.building import filled_like
from tfgan_zoo.run.folder import Run
from tfgan_zoo.schedules import LinearDecay


def replaced_data(run: Run, config: ConfigDict) -> tuple[str, ...]:
    """Returns prefixes of the names of data that a config takes from elsewhere than before."""
    before, now = (config_lib.flatten(each) for each in (run.config(), config.to_dict()))
    keys = ("evaluate.source", "evaluate.split")
    changed = any(before.get(key) != now.get(key) for key in keys)
    return ("evaluation data",) if changed else ()


def feature_files(model: ZooModel) -> dict[str, Fingerprint]:
    """Returns the fingerprints of the files of the features that a model uses, if there are any.

    Their network is saved with no checkpoint, so that a resumed run would use what is there now.
    """
    return {
        f"features {name}": Fingerprint("bytes", *found)
        for name, found in model.feature_files().items()
    }


def only_with_export_of(run: Run, config: ConfigDict) -> ConfigDict:
    """Returns a finished run's own config, with another config's choice of an export."""
    own = ConfigDict(run.config(), convert_dict=True)
    own.train.export = config.train.export
    return own


def describe_change(
    note: Mapping[str, Any], config: Mapping[str, Any], model: ZooModel, factor: float = 1.0
) -> str:
    """Returns one line about a changed config; empty if nothing has changed.

    Args:
        note: From `Run.adopt`.
        config: The new config.
        model: The model.
        factor: By which rollbacks after NaN have changed learning rates.
    """
    if not note:
        return ""
    parts = [f"{key}: {old} -> {new}" for key, (old, new) in note["changed"].items()]
    if "train.steps" in note["changed"]:
        steps, at = note["changed"]["train.steps"], note["step"]
        for group in config_lib.decaying_optimizers(config):
            role = group.removesuffix("_optimizer")
            updates = model.updates_per_step.get(role, 1)
            old, new = (
                factor * _rate(config[group], each * updates, at * updates) for each in steps
            )
            parts.append(
                f"learning rate of {role}: {old:.3g} -> {new:.3g}, and 0 at step {steps[1]:,}"
            )
    text = f"From step {note['step']:,} on: {'; '.join(parts)}"
    return text + "; earlier scores are not compared with later ones" * ("scores_after" in note)


def _rate(optimizer: Mapping[str, Any], steps: int, at: int) -> float:
    """Returns the learning rate of a linear decay at an update."""
    start = int(optimizer.get("decay_start", 0.0) * steps)
    return float(LinearDecay(optimizer["learning_rate"], steps, start)(at))


def unused_changes(run: Run, config: ConfigDict) -> str:
    """Says which entries of a config a finished run does not take over; empty if none."""
    own = only_with_export_of(run, config).to_dict()
    plain = config.to_dict()
    differ = config_lib.differences(filled_like(own, plain), plain)
    if not differ:
        return ""
    return f"The run has ended and keeps its entries: {'; '.join(differ)}"

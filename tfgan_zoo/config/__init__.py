"""Configs: find, load, override and check them, without TensorFlow.

A config is a Python file with a function `get_config()` that returns an
`ml_collections.ConfigDict`. An override of an entry that does not exist, or by a value of another
type, is refused. Arguments of networks, optimizers and models need not be listed: see `Overrides`.
"""

from tfgan_zoo.config.arguments import Overrides
from tfgan_zoo.config.changes import (
    check_extension,
    decaying_optimizers,
    extended,
    flags_to_change,
    history_of,
    may_change,
    note_of,
    notes_until,
    refused_changes,
    scores_after,
    value_at,
)
from tfgan_zoo.config.check import DECAYS, METRICS, check
from tfgan_zoo.config.load import (
    config_folder,
    find_config,
    list_configs,
    load_config,
    recipe_name,
    with_whole_shape,
)
from tfgan_zoo.config.schema import (
    autoencoder_config,
    classifier_config,
    default_config,
    image_to_image_config,
    joint_embedding_config,
    label_to_image_config,
    noise_to_image_config,
    run_config,
    set_cosine,
    super_resolution_config,
    text_to_image_config,
)
from tfgan_zoo.config.stored import (
    config_to_resume,
    decoding,
    has_begun,
    opening,
    resumed_config,
    stored_config,
    stored_recipe,
    with_earlier_meaning,
    with_later_entries,
    with_rules_of,
)
from tfgan_zoo.config.values import (
    as_flag,
    check_names,
    differences,
    filled,
    flatten,
    override,
    typed,
)
from tfgan_zoo.suggestions import nearest

__all__ = [
    "DECAYS",
    "METRICS",
    "Overrides",
    "as_flag",
    "autoencoder_config",
    "check",
    "check_extension",
    "check_names",
    "classifier_config",
    "config_folder",
    "config_to_resume",
    "decaying_optimizers",
    "decoding",
    "default_config",
    "differences",
    "extended",
    "filled",
    "find_config",
    "flags_to_change",
    "flatten",
    "has_begun",
    "history_of",
    "image_to_image_config",
    "joint_embedding_config",
    "label_to_image_config",
    "list_configs",
    "load_config",
    "may_change",
    "nearest",
    "noise_to_image_config",
    "note_of",
    "notes_until",
    "opening",
    "override",
    "recipe_name",
    "refused_changes",
    "resumed_config",
    "run_config",
    "scores_after",
    "set_cosine",
    "stored_config",
    "stored_recipe",
    "super_resolution_config",
    "text_to_image_config",
    "typed",
    "value_at",
    "with_earlier_meaning",
    "with_later_entries",
    "with_rules_of",
    "with_whole_shape",
]

"""What a run scores on where its source lacks the split that the config asks for."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from tfgan_zoo import config as config_lib
from tfgan_zoo.data.spec import DRAWN, Opening, parse_spec, two_specs
from tfgan_zoo.data.splits import (
    NoSplitError,
    is_known,
    is_stand_in,
    rest_of,
    splits_of_another,
    stand_ins,
)
from tfgan_zoo.errors import InputError, warn_user


def with_held_out(
    config: ConfigDict,
    before: Mapping[str, Any],
    open_split: Callable[[ConfigDict, str, str], Any],
) -> ConfigDict:
    """Returns a config whose `evaluate.split` exists, if its source has anything to hold out.

    If the split is missing, another one is used or, if there is none, a tenth of the training split
    is held out. The config then says so in `data.split` and `evaluate.split`. What the run
    holds is therefore the same when it is resumed, and in every command. A warning names both.

    Args:
        config: The run's config.
        before: The stored config of a run that is resumed, which goes on as it began; empty for a
            new run.
        open_split: Opens a source and a split by the config.
    """
    data, settings = config.data, config.evaluate
    wanted = settings.get("split")
    if wanted is None or not is_known(wanted):
        return config
    if before:
        begun = before["data"]["split"], before["evaluate"].get("split")
        return _replaced(config, *begun) if _stands_for(begun, data.split, wanted) else config
    source = settings.get("source") or data.source
    if two_specs(source) is None and parse_spec(source)[0] in DRAWN:
        return config
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # They are repeated when the task opens its data.
        found = _missing(config, source, wanted, open_split)
    if found is None:
        return config
    train, test, sentence = found
    warn_user(sentence)
    return _replaced(config, train, test)


def _missing(
    config: ConfigDict,
    source: str,
    wanted: str,
    open_split: Callable[[ConfigDict, str, str], Any],
) -> tuple[str, str, str] | None:
    """Returns the splits to use instead, and a sentence; None if the wanted one is to stay."""
    train, two = config.data.split, two_specs(source) is not None
    if not two and parse_spec(source)[0] == "tfds":
        open_split = _check_tfds  # A data set may be read as a whole when it is opened.
    try:
        open_split(config, source, wanted)
        return None
    except NoSplitError as error:
        missing = error
    except InputError:  # The task reports it.
        return None
    if source == config.data.source:
        others: list[tuple[str, str, str]] = list(stand_ins(train, wanted))
    else:
        others = [(train, *other) for other in splits_of_another(wanted)]
    for held in others:
        try:
            for split in {held[1]} | ({held[0]} - {train}):
                open_split(config, source, split)
        except InputError:
            continue
        flags = [
            config_lib.as_flag(key, value)
            for key, value in (("data.split", held[0]), ("evaluate.split", held[1]))
            if value not in (train, wanted)
        ]
        sentence = f"evaluate.split={wanted}: {missing.what}; {held[2]} ({' '.join(flags)})."
        return held[0], held[1], sentence
    return None


def _check_tfds(config: ConfigDict, source: str, split: str) -> None:
    # TFDS takes seconds to import and may not be installed.
    from tfgan_zoo.data.readers.tfds import check_tfds_split

    check_tfds_split(Opening(source, split, data_dir=config.data.data_dir))


def _stands_for(begun: tuple[str, str | None], train: str, wanted: str) -> bool:
    """Returns whether a run that was given two splits began with others instead.

    The command that resumes it has the training split of the stored config, unless it gives one.
    """
    given = {train, train.partition("[")[0]} if train == begun[0] else {train}
    return any(is_stand_in(begun, each, wanted) for each in given)


def _replaced(config: ConfigDict, train: str, test: str | None) -> ConfigDict:
    config = config.copy_and_resolve_references()
    with config.unlocked():
        config.data.split, config.evaluate.split = train, test
    return config


def splits_to_evaluate(config: Any, source: str, wanted: str) -> Iterator[tuple[str, str]]:
    """Yields the splits on which a run can be evaluated instead of a missing one, the best first.

    Args:
        config: The run's config.
        source: The source of the images.
        wanted: The split that is missing.

    Yields:
        Each split, with a clause that says what it is.
    """
    data, settings = config["data"], config["evaluate"]
    if source != data["source"]:
        yield from splits_of_another(wanted)
        return
    train, held_out = data["split"], settings.get("split")
    if held_out and settings.get("source") in (None, source):
        yield held_out, "what the run has held out is used instead"
    for held in stand_ins(train, wanted):
        if held.train == train:
            yield held.test, held.what
    if rest := rest_of(train):
        yield rest, f"what the run has not trained on is used instead, as it trains on {train}"
    yield train, "the run's training images are used, which favours a model that repeats them"

"""Saving models as `.keras` files and exporting them as SavedModels."""

import contextlib
import inspect
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import keras

from tfgan_zoo.errors import InputError, warn_user
from tfgan_zoo.hashes import content_of
from tfgan_zoo.models.mechanics.arguments import check_save_path, constructor_arguments
from tfgan_zoo.models.mechanics.keywords import check_export_format, check_known
from tfgan_zoo.models.mechanics.output_ranges import made_before
from tfgan_zoo.networks.features import files_of
from tfgan_zoo.serving import saved_model
from tfgan_zoo.serving.card import model_card
from tfgan_zoo.serving.signatures import Endpoint, in_every_form

#: Arguments that every model took in earlier versions and that only some take today.
_EARLIER_ARGUMENTS = ("skip_discriminator_above",)
#: The asset of a `.keras` file that holds the hashes of files of frozen features.
_FEATURE_FILES = "feature_files.json"


class Saving(keras.Model):
    """Saves, loads and exports a model.

    A model's config follows from its constructor: every argument is stored as an attribute of the
    same name.
    """

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs):
        """Saves the model with its optimizers' state, as Keras' `save` does, as a `.keras` file.

        Raises:
            InputError: If the name ends in anything else, such as the older `.h5`, which cannot
                hold a model of several networks.
        """
        if zipped is not False and not str(filepath).startswith("hf://"):
            check_save_path(filepath)
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    #: Arguments that can be functions, which are saved only if they are registered with Keras.
    optional_functions: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, networks and registered functions serialized.

        A class that overrides `get_config` adds the arguments that cannot be saved this way.

        Warns:
            UserWarning: If the model does not store an argument as an attribute of the same name,
                so that the config lacks it; or an argument holds a function or a class that Keras
                cannot find again, so that it is None in the config.
        """
        config = {"name": self.name, "dtype": keras.dtype_policies.serialize(self.dtype_policy)}
        names = constructor_arguments(type(self))
        given = {name: getattr(self, name) for name in names if hasattr(self, name)}
        missing = [name for name in names if name not in given]
        found = {name: _serialized(value) for name, value in given.items()}
        lost = {
            name: _not_found(value)
            for name, value in given.items()
            if value is not None and found[name] is None and name not in self.optional_functions
        }
        if missing and type(self).get_config is Saving.get_config:
            warn_user(
                f"get_config: expected {type(self).__name__} to store the argument "
                f"{missing[0]!r} as an attribute of the same name, got none; it is not saved."
            )
        for name, value in lost.items() if type(self).get_config is Saving.get_config else ():
            what = "class" if isinstance(value, type) else "function"
            warn_user(
                f"{name}: expected a function that is registered with Keras, got the {what} "
                f"{getattr(value, '__qualname__', type(value).__qualname__)}, which is saved as "
                "None; decorate functions with "
                '@keras.saving.register_keras_serializable("my_package"), and give objects that '
                "have a get_config instead of classes."
            )
        return config | found

    def note_feature_files(self) -> None:
        """Notes what is in the files of frozen features, which are saved with no model."""
        weights = getattr(self, "features_file", None) or getattr(self, "content_weights", None)
        files = files_of(getattr(self, "features", None), weights)
        # Keras need not track it.
        self.__dict__["_feature_files"] = {name: content_of(path) for name, path in files.items()}

    def feature_files(self) -> dict[str, tuple[int, str]]:
        """Returns the number of bytes and the hash of the files of frozen features, by name."""
        return dict(self.__dict__.get("_feature_files", {}))

    def save_assets(self, dir_path: str) -> None:
        """Saves the hashes of the files of frozen features; Keras calls it.

        Args:
            dir_path: Folder of the model's assets.
        """
        hashes = {name: found for name, (_, found) in self.feature_files().items()}
        if hashes:
            Path(dir_path, _FEATURE_FILES).write_text(json.dumps(hashes), "utf-8")

    def load_assets(self, dir_path: str | None) -> None:
        """Compares the files of frozen features with those of the saved model; Keras calls it.

        Args:
            dir_path: Folder of the model's assets; None if it has none.

        Warns:
            UserWarning: If one has been replaced since.
        """
        file = None if dir_path is None else Path(dir_path, _FEATURE_FILES)
        if file is not None and file.is_file():
            self._warn_of_feature_files(json.loads(file.read_text("utf-8")))

    def _warn_of_feature_files(self, saved: Mapping[str, str]) -> None:
        for name, (size, found) in self.feature_files().items():
            if saved.get(name, found) != found:
                # For which the weights were trained.
                self.__dict__["_feature_files"][name] = (size, saved[name])
                warn_user(
                    f"features: expected the file {name!r} as it was when this model was made, got "
                    "another one under that name, which computes other features; bring that file "
                    "back."
                )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> Self:
        """Makes a model from the result of `get_config`."""
        known = constructor_arguments(cls)
        arguments = {
            name: _deserialized(value, custom_objects)
            for name, value in config.items()
            if name != "feature_files"  # where hashes were before they were an asset
            if value is not None or name in known or name not in _EARLIER_ARGUMENTS
        }
        with made_before():
            model = cls(**arguments)
        model._warn_of_feature_files(config.get("feature_files", {}))
        return model

    def signatures(self) -> dict[str, Endpoint]:
        """Returns `endpoints` in all forms in which they are exported: see `in_every_form`."""
        kept = self.__dict__.get("_kept_signatures")
        if kept is None:
            return in_every_form(self.endpoints())
        if not kept:
            kept |= in_every_form(self.endpoints())
        return dict(kept)

    @contextlib.contextmanager
    def signatures_kept(self) -> Iterator[None]:
        """A context in which `signatures` returns the same functions, each traced once.

        Its networks and `raw_weights` have to stay as they are, while weights may change.
        """
        self.__dict__["_kept_signatures"] = {}  # which Keras need not track
        try:
            yield
        finally:
            del self.__dict__["_kept_signatures"]

    def inputs_explained(self) -> dict[str, Any]:
        """Returns what README.md says of the inputs of `signatures`: arguments of `model_card`."""
        return {"class_names": getattr(self, "class_names", ())}

    def describe_by(self, details: Callable[[bool], Mapping[str, Any]]) -> None:
        """Notes what README.md of an export says of weights that were loaded.

        Args:
            details: Returns arguments of `model_card`; takes whether a step was trained since.
        """
        self.__dict__["_details"] = (self.steps_done, details)  # which Keras need not track

    def _described(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """Returns details of an export, with those of `describe_by`."""
        if "_details" not in self.__dict__:
            return dict(details)
        step, described = self.__dict__["_details"]
        noted = described(step != self.steps_done)
        return {**noted, **details, "facts": {**details.get("facts", {}), **noted["facts"]}}

    def export(  # type: ignore[override]
        self,
        filepath: str | os.PathLike,
        format: str | bool = "tf_saved_model",
        verbose: bool | None = False,
        input_signature: None = None,
        **details: Any,
    ) -> None:
        """Writes a SavedModel with the model's `signatures` and only the networks that they need.

        It also holds warm-up requests for TF Serving and a README.md. The folder appears complete
        or not at all.

        Args:
            filepath: A new folder; for TF Serving `<model>/<version number>`.
            format: "tf_saved_model". `python -m tfgan_zoo.export` writes others.
            verbose: Print the signatures.
            input_signature: None, as the model's `endpoints` declare their inputs.
            **details: What README.md says of the training: `facts`, `scores`, `config`; see
                `tfgan_zoo.serving.card.model_card`.

        Raises:
            InputError: If `filepath` exists, or an argument is not used.
        """
        if isinstance(format, bool):  # `verbose` came second in earlier versions.
            verbose = format
        else:
            check_export_format(format)
        if input_signature is not None:
            raise InputError(
                f"input_signature: expected None, as it is that of {', '.join(self.endpoints())}, "
                f"got {type(input_signature).__name__}; leave it out."
            )
        check_known("export", details, ("facts", "scores", "config"))
        said = self._described(details)
        signatures = self.signatures()
        summary = (inspect.getdoc(type(self)) or "").split("\n\n")[0].replace("\n", " ")

        def card(num_bytes: int) -> str:
            return model_card(
                self.name, summary, signatures, num_bytes, **self.inputs_explained(), **said
            )

        saved_model.write(filepath, signatures, self.name, card, bool(verbose))


def _serialized(value: Any) -> Any:
    """Returns an argument as a config holds it; None if Keras cannot find a function in it."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if not any(map(_is_code, keras.tree.flatten(value))):
        return value
    return None if _not_found(value) is not None else keras.saving.serialize_keras_object(value)


def _deserialized(value: Any, custom_objects: Any) -> Any:
    """Returns an argument from a config; networks and functions also within lists and dicts."""
    if isinstance(value, list):
        return [_deserialized(each, custom_objects) for each in value]
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value, custom_objects)
    if isinstance(value, dict):
        return {key: _deserialized(each, custom_objects) for key, each in value.items()}
    return value


def _is_code(value: Any) -> bool:
    return isinstance(value, keras.layers.Layer) or callable(value)


def _not_found(value: Any) -> Any:
    """Returns the first function or class in an argument that Keras cannot find; None if none."""
    return next((each for each in keras.tree.flatten(value) if not _is_found(each)), None)


def _is_found(value: Any) -> bool:
    """Returns whether a saved function is the same one when it is loaded.

    Objects that are called, such as layers and losses, are saved by their configs.
    """
    if not callable(value) or (hasattr(value, "get_config") and not isinstance(value, type)):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras warns of a lambda.
            config = keras.saving.serialize_keras_object(value)
            return keras.saving.deserialize_keras_object(config) is value
    except Exception:  # of several kinds, by what the value is
        return False

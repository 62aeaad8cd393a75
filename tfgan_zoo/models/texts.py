"""Texts that models are given, and what their text encoders can read of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_texts, warn_user
from tfgan_zoo.keras_internals import layers_of
from tfgan_zoo.layers.text import TextReader
from tfgan_zoo.models.base import ZooModel
from tfgan_zoo.models.mechanics.parts import as_texts, joined, unpacked

OnUnknown = Literal["warn", "raise", "ignore"]

#: Above these shares, training warns of captions in which nothing is known, and of unknown words.
EMPTY_SHARE, UNKNOWN_SHARE = 0.01, 0.1


def text_reader(text_encoder: Any) -> TextReader | None:
    """Returns the layer by which an encoder reads strings; None if it is not one of the zoo's."""
    if not isinstance(text_encoder, keras.Model):
        return None
    layers = layers_of(text_encoder)
    return next((layer for layer in layers if isinstance(layer, TextReader)), None)


def embed_texts(
    encode: Callable[[list[str]], tf.Tensor],
    text_encoder: Any,
    texts: Any,
    batch_size: int,
    on_unknown: OnUnknown,
) -> np.ndarray:
    """Embeds texts in batches and reports what the encoder ignores.

    Args:
        encode: Returns the embeddings of a list of strings.
        text_encoder: The encoder that `encode` calls.
        texts: One string, or a sequence of strings.
        batch_size: How many texts are embedded at a time.
        on_unknown: What to do if the encoder ignores a part of a text: "warn", "raise" or "ignore".

    Returns:
        float32 `[num, embedding_dim]`.

    Raises:
        InputError: If `texts` are no strings, or the encoder ignores a part of one and `on_unknown`
            is "raise".
    """
    if on_unknown not in ("warn", "raise", "ignore"):
        raise InputError(f"on_unknown: expected one of warn, raise, ignore, got {on_unknown!r}.")
    texts = check_texts("texts", texts)
    if on_unknown != "ignore":
        message = unknown_in_texts(text_encoder, texts, refused=on_unknown == "raise")
        if message and on_unknown == "raise":
            raise InputError(f"texts: {message}")
        if message:
            warn_user(f"texts: {message}")
    parts = [texts[i : i + batch_size] for i in range(0, len(texts), batch_size)]
    return joined([np.asarray(encode(part)) for part in parts])


def unknown_in_texts(
    text_encoder: Any, texts: Sequence[str], *, refused: bool = False
) -> str | None:
    """Says what an encoder ignores of a few texts.

    Args:
        text_encoder: A text encoder. Nothing is said of one that is not the zoo's.
        texts: Strings.
        refused: Whether the sentence is for an error. Otherwise it is for a warning, and says that
            the encoder goes on without what it does not know.

    Returns:
        A sentence that names the unknown words or characters and says what is known; None if all of
        every text is known.
    """
    reader = text_reader(text_encoder)
    if reader is None:
        return None
    readings = dict(zip(texts, reader.read(texts), strict=True))
    found = {text: each for text, each in readings.items() if each.unknown or each.is_empty}
    if not found:
        return None
    unknown = list(Counter(word for reading in found.values() for word in reading.unknown))
    empty = [text for text, reading in found.items() if reading.is_empty]
    parts = []
    if unknown and refused:
        parts.append(f"expected known {reader.units}, got {_some(unknown)}")
    elif unknown:
        them = "it" if len(unknown) == 1 else "them"
        parts.append(
            f"the text encoder does not know {_some(unknown, last=' and ')} and ignores {them}"
        )
    if empty:
        what = "nothing is left of"
        if refused and not unknown:
            what = "expected texts that can be read, got"
        parts.append(f"{what} {_some(empty)}, embedded like an empty text")
    knows = "it" if unknown and not refused and not empty else "the text encoder"
    return f"{'; '.join(parts)}; {knows} knows {reader.known}."


def check_captions(
    text_encoder: Any, captions: Sequence[str], name: str, *, held_out: bool = False
) -> None:
    """Checks that an encoder can read captions.

    Args:
        text_encoder: A text encoder. Nothing is checked of one that is not the zoo's.
        captions: Strings, each one once.
        name: What the captions are of, for the message.
        held_out: Whether they are others than those to train on, for the message.

    Raises:
        InputError: If nothing of any caption can be read: all would have the same embedding.

    Warns:
        UserWarning: If nothing of many captions can be read, or many words are unknown.
    """
    reader = text_reader(text_encoder)
    if reader is None or not captions:
        return
    readings = reader.read(captions)
    empty = [text for text, each in zip(captions, readings, strict=True) if each.is_empty]
    remedy = (
        "text_encoder.name=word_encoder reads words of any script"
        if reader.units == "characters"
        else "a word that no training caption contains cannot be drawn"
        if held_out
        else "its vocabulary should be that of the captions to train on"
    )
    if len(empty) == len(captions):
        raise InputError(
            f"{name}: expected captions that the text encoder can read, got {len(captions):,} with "
            f"nothing but unknown {reader.units}, such as {_some(captions[:1])}; it knows "
            f"{reader.known}; {remedy}."
        )
    unknown = Counter(word for reading in readings for word in reading.unknown)
    num = sum(reading.num for reading in readings)
    said = []
    if len(empty) > EMPTY_SHARE * len(captions):
        said.append(
            f"{len(empty):,} of {len(captions):,} captions ({len(empty) / len(captions):.0%}) have "
            f"nothing but unknown {reader.units} and are embedded like an empty text, such as "
            f"{_some(empty[:1])}"
        )
    if unknown.total() > UNKNOWN_SHARE * num:
        common = [word for word, _ in unknown.most_common(3)]
        said.append(
            f"{unknown.total() / num:.0%} of all {reader.units} are unknown: {_some(common)}"
        )
    if said:
        warn_user(
            f"{name}: {'; '.join(said)}. The text encoder ignores them, as it knows "
            f"{reader.known}; {remedy}."
        )


class ReadsTexts(ZooModel):
    """The base of models with a `text_encoder` that training batches of strings go through.

    The texts of the first training batch are checked as `check_captions` does.
    """

    text_encoder: Any
    #: Whether the texts to train on were checked before, all of them.
    texts_checked = False

    def embeddings(self, texts: Any) -> tf.Tensor:
        """Returns phi(texts), float32 `[B, embedding_dim]`."""
        raise NotImplementedError

    def embed(
        self,
        texts: str | Sequence[str],
        *,
        batch_size: int = 64,
        on_unknown: OnUnknown = "warn",
    ) -> np.ndarray:
        """Returns phi(texts), float32 of shape (num, embedding_dim).

        Args:
            texts: One text, or several.
            batch_size: How many at a time.
            on_unknown: "warn", "raise" or "ignore" if the text encoder ignores words or characters
                that it does not know. Only encoders of the zoo can tell.

        Raises:
            InputError: If the model has no `text_encoder`, there is no text, or one is no string.
        """
        return embed_texts(self.embeddings, self.text_encoder, texts, batch_size, on_unknown)

    def check_batch(self, batches: Sequence[Any], phase: str, called: str) -> None:
        """Checks that the text encoder can read the texts to train on.

        Raises:
            InputError: If nothing of any of them is known to it.
        """
        super().check_batch(batches, phase, called)
        if phase != "training" or self.texts_checked or text_reader(self.text_encoder) is None:
            return
        texts = set[str]()
        for batch in batches:
            parts = unpacked(batch)
            for part in parts.values() if isinstance(parts, Mapping) else parts:
                if isinstance(part, (str, bytes, list, tuple, np.ndarray, tf.Tensor)):
                    part = as_texts(part, called)
                    if part.dtype == tf.string:
                        texts.update(part.numpy().ravel().tolist())
        check_captions(self.text_encoder, sorted(texts), called)


def _some(texts: Sequence[str], most: int = 5, last: str = ", ") -> str:
    """Lists the first few texts, each shortened; `last` is what stands before the last of all."""
    texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts]
    shown = [repr(text if len(text) <= 60 else f"{text[:57]}...") for text in texts[:most]]
    if len(texts) > most:
        return f"{', '.join(shown)} and {len(texts) - most} more"
    return last.join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)

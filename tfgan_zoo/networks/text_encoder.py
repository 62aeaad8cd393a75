"""Text encoders: networks that turn strings into vectors."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.errors import InputError, check_texts
from tfgan_zoo.layers.recurrent import UngatedStartGRU
from tfgan_zoo.layers.text import (
    CharacterOneHot,
    KnownWords,
    MeanOfWords,
    PaddedEmbedding,
    split_words,
)
from tfgan_zoo.networks.common import check_choice, check_positive, fresh


def char_cnn_rnn(
    embedding_dim: int = 1024,
    *,
    max_characters: int = 201,
    filters: Sequence[int] = (384, 512, 512),
    kernel_size: int = 4,
    pool_size: int = 3,
    recurrent_units: int = 512,
    recurrence: str = "keras",
    initial_range: float | None = None,
    name: str = "text_encoder",
) -> keras.Model:
    """Char-CNN-RNN (Reed et al. 2016, https://arxiv.org/abs/1605.05395, section 4).

    A one-hot vector for each character; convolutions over time with ReLU, all but the last
    followed by max-pooling; a GRU; the mean of its outputs over time; a linear layer. The paper's
    201 characters become 198, 66, 63, 21 and 18 steps.

    Departures from the authors' code for text to image (https://github.com/reedscot/icml2016):

    - Its recurrent layer differs, see `layers.UngatedStartGRU`: `recurrence="authors"`. It has two
      biases where that layer has their sum.
    - Its weights and biases all start as U(-0.08, 0.08): `initial_range=0.08`.
    - Its one-hot vectors have one more entry, which is always 0.

    The authors' code for the encoder's own paper (https://github.com/reedscot/cvpr2016) pools once
    more, to 8 steps, and has a recurrent layer without gates.

    Case, accents and the width of white space do not matter. Characters other than letters, digits,
    ASCII punctuation and the space, and bytes that are not UTF-8, are read as blanks, like the
    padding after a text (see `layers.text.CharacterOneHot`). An empty text is valid.

    Args:
        embedding_dim: Length of the vectors.
        max_characters: Number of characters to read; the rest of a text is ignored.
        filters: Feature maps of each convolution.
        kernel_size: Steps that each convolution sees.
        pool_size: Steps that max-pooling combines into one.
        recurrent_units: Width of the GRU.
        recurrence: `keras`: Keras' default GRU, with `reset_after=True`. `authors`: the GRU of the
            authors' code, see `layers.UngatedStartGRU`, which cuDNN does not support.
        initial_range: Range of all initial weights and biases, U(-initial_range, initial_range);
            0.08 in the authors' code. None for Keras' initializers.
        name: Name of the model.

    Returns:
        A model from strings `[B]` to float32 vectors `[B, embedding_dim]`.

    Raises:
        InputError: If a size or a choice is invalid, or `max_characters` is too small to leave a
            step.

    Example:
        >>> char_cnn_rnn(filters=(4, 4, 4)).get_layer("conv_3").output.shape
        (None, 18, 4)
    """
    check_positive(
        embedding_dim=embedding_dim,
        max_characters=max_characters,
        kernel_size=kernel_size,
        pool_size=pool_size,
        recurrent_units=recurrent_units,
    )
    check_choice("recurrence", recurrence, ("keras", "authors"))
    if initial_range is not None and not initial_range > 0:
        raise InputError(
            f"initial_range: expected a number above 0 or None, got {initial_range!r}."
        )
    filters = tuple(filters) if isinstance(filters, Sequence) else (filters,)
    if not filters:
        raise InputError("filters: expected one or more widths, got none.")
    for width in filters:
        check_positive(filters=width)
    least = kernel_size
    for _ in filters[1:]:
        least = least * pool_size + kernel_size - 1
    if max_characters < least:
        raise InputError(
            f"max_characters: expected at least {least} for {len(filters)} convolutions of "
            f"kernel_size={kernel_size} and pool_size={pool_size}, got {max_characters}."
        )

    def initial(*kinds: str) -> dict[str, Any]:
        if initial_range is None:
            return {}
        draw = keras.initializers.RandomUniform(-initial_range, initial_range)
        return {f"{kind}_initializer": fresh(draw) for kind in ("kernel", "bias", *kinds)}

    inputs = keras.Input((), dtype="string", name="text")
    x = CharacterOneHot(max_characters, name="characters")(inputs)
    for i, width in enumerate(filters, 1):
        x = layers.Conv1D(width, kernel_size, activation="relu", name=f"conv_{i}", **initial())(x)
        if i < len(filters):
            x = layers.MaxPooling1D(pool_size, name=f"pool_{i}")(x)
    gru = layers.GRU if recurrence == "keras" else UngatedStartGRU
    x = gru(recurrent_units, return_sequences=True, name="gru", **initial("recurrent"))(x)
    x = layers.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Dense(embedding_dim, dtype="float32", name="embedding", **initial())(x)
    return keras.Model(inputs, x, name=name)


def word_encoder(
    embedding_dim: int = 128,
    *,
    vocabulary: Sequence[str] = (),
    max_words: int = 32,
    word_dim: int = 64,
    units: int = 128,
    name: str = "text_encoder",
) -> keras.Model:
    """A small text encoder of words: quick to train, and good at new combinations of known ones.

    A vector w for each word, initially N(0, 0.3); a convolution over each word and its two
    neighbours; the mean of both over the words of the text; a linear layer:

        phi(t) = A mean_i [w_i, relu(C [w_i-1, w_i, w_i+1] + c)] + b.

    Words are letters and digits of any script; case, accents and punctuation do not matter (see
    `layers.text.split_words`). Words outside the vocabulary are ignored: a text has the
    embedding of its known words, or b if there are none.

    Args:
        embedding_dim: Length of the vectors.
        vocabulary: The known words; `vocabulary_of` returns those of a set of captions.
        max_words: Number of known words to read; the rest of a text is ignored.
        word_dim: Length of w.
        units: Feature maps of the convolution.
        name: Name of the model.

    Returns:
        A model from strings `[B]` to float32 vectors `[B, embedding_dim]`.

    Raises:
        InputError: If a size or the vocabulary is invalid.

    Example:
        >>> model = word_encoder(8, vocabulary=("red", "star"))
        >>> h = model(tf.constant(["a red star", "Red, star!"])).numpy()
        >>> np.allclose(h[0], h[1])
        True
    """
    check_positive(embedding_dim=embedding_dim, word_dim=word_dim, units=units)

    inputs = keras.Input((), dtype="string", name="text")
    words = KnownWords(vocabulary, max_words, name="words")(inputs)
    w = PaddedEmbedding(
        len(vocabulary) + 1,
        word_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3),
        name="vectors",
    )(words)
    x = layers.Conv1D(units, 3, padding="same", activation="relu", name="conv")(w)
    x = layers.Concatenate(name="features")([w, x])
    x = MeanOfWords(name="mean")([x, words])
    x = layers.Dense(embedding_dim, dtype="float32", name="embedding")(x)
    return keras.Model(inputs, x, name=name)


def vocabulary_of(captions: Iterable[str], size: int | None = None) -> tuple[str, ...]:
    """Returns the words of captions, split as `word_encoder` does.

    Args:
        captions: Texts.
        size: Number of words; None for all.

    Returns:
        Words, the most frequent first, and equally frequent ones in alphabetical order.

    Raises:
        InputError: If `captions` is one string or holds anything but strings, or `size` is invalid.

    Example:
        >>> vocabulary_of(["a red star", "a blue star", "A Star!"])
        ('a', 'star', 'blue', 'red')
    """
    if isinstance(captions, str):
        raise InputError(f"captions: expected several texts, got the string {captions!r}.")
    if size is not None:
        check_positive(size=size)
    counts: Counter[bytes] = Counter()
    texts = iter(captions)
    while part := list(islice(texts, 4096)):
        part = check_texts("captions", part)
        counts.update(split_words(tf.constant(part)).flat_values.numpy())
    words = sorted(counts, key=lambda word: (-counts[word], word))
    return tuple(word.decode() for word in words[:size])

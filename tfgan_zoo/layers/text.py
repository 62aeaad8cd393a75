"""Layers that read strings. They hold their alphabet or vocabulary, and no table or other resource.

All of them read text as UTF-8, with bytes that are not UTF-8 as an unknown character. They ignore
case and accents, whether these are part of a code point or combining marks, and read curly quotes
and long dashes as their ASCII forms, and any white space as a space.
"""

import functools
import re
import string
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.errors import InputError, check_number

#: What `CharacterOneHot` knows: letters, digits, ASCII punctuation and the space.
ALPHABET = string.ascii_lowercase + string.digits + string.punctuation + " "

#: Code points from here on are not folded. The scripts below it have all common accents and cases,
#: and the punctuation.
_FOLDED = 0x2070

#: Combining accents.
_MARKS = (0x300, 0x36F)

_PUNCTUATION = {"\u2026": "."} | {
    variant: plain
    for plain, variants in (
        ("'", "\u2018\u2019\u201a\u201b\u02bc"),
        ('"', "\u201c\u201d\u201e\u201f"),
        ("-", "\u2010\u2011\u2012\u2013\u2014\u2015"),
    )
    for variant in variants
}


def _fold(character: str) -> str:
    """Returns a character without its case and accent."""
    if character.isspace():
        return " "
    for case in (character.casefold(), character.lower()):
        if len(case) == 1:
            character = case
            break
    parts = unicodedata.normalize("NFD", character)
    if all(_MARKS[0] <= ord(mark) <= _MARKS[1] for mark in parts[1:]):
        character = parts[0]
    # Unicode decomposes no strokes and hooks, but they are in the names of letters.
    letter = re.fullmatch(r"LATIN \w+ LETTER ([A-Z]) WITH .*", unicodedata.name(character, ""))
    return _PUNCTUATION.get(character, (letter[1] if letter else character).lower())


@functools.cache
def _folding() -> np.ndarray:
    """Returns the folded form of each code point below `_FOLDED`."""
    return np.array([ord(_fold(chr(code))) for code in range(_FOLDED)], np.int32)


def _folded(texts: Any) -> Any:
    """Returns the folded code points of strings, ragged `[B, characters]`."""
    codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    codes = tf.ragged.boolean_mask(codes, (codes < _MARKS[0]) | (codes > _MARKS[1]))
    flat = codes.flat_values
    table = tf.constant(_folding())
    return codes.with_flat_values(
        tf.where(flat < _FOLDED, tf.gather(table, tf.minimum(flat, _FOLDED - 1)), flat)
    )


def split_words(texts: Any) -> Any:
    """Splits strings into words: letters and digits of any script, without case and accents.

    Apostrophes are dropped, so that "bird's" is one word; other punctuation separates words.

    Args:
        texts: Strings, `[B]`.

    Returns:
        A ragged tensor of strings, `[B, words]`.

    Example:
        >>> split_words(["A RED-hot Café!"]).to_list()
        [[b'a', b'red', b'hot', b'cafe']]
    """
    texts = tf.strings.unicode_encode(_folded(texts), "UTF-8")
    texts = tf.strings.regex_replace(texts, "'", "")
    return tf.strings.split(tf.strings.regex_replace(texts, r"[^\pL\pN\pM]+", " "))


class Reading(NamedTuple):
    """How a layer that takes strings reads one text.

    Args:
        num: Number of words, or for a layer that reads characters, number of characters that are
            neither white space nor ASCII punctuation.
        unknown: Those that the layer ignores, without case and accents, in order.
        is_empty: Whether the text has content but none of it is read.
    """

    num: int
    unknown: tuple[str, ...]
    is_empty: bool


class TextReader(keras.layers.Layer):
    """Base class of layers that take strings."""

    #: What texts consist of: "words" or "characters".
    units: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_jit = False  # XLA has no strings.

    def read(self, texts: Sequence[str | bytes]) -> list[Reading]:
        """Reports how the layer reads texts.

        Args:
            texts: Strings.

        Returns:
            One `Reading` per text.
        """
        readings = []
        for i in range(0, len(texts), 4096):
            part = tf.constant(list(texts[i : i + 4096]))
            units, known = self._units(part)
            unknown = tf.ragged.boolean_mask(units, units.with_flat_values(~known)).to_list()
            blank = tf.equal(tf.strings.length(tf.strings.strip(part)), 0).numpy()
            for num, words, is_blank in zip(
                units.row_lengths().numpy().tolist(), unknown, blank, strict=True
            ):
                is_empty = len(words) == num and not is_blank and self._reads_as_empty(num)
                names = tuple(word.decode("utf-8", "replace") for word in words)
                readings.append(Reading(num, names, is_empty))
        return readings

    @property
    def known(self) -> str:
        """What the layer knows, for messages."""
        raise NotImplementedError

    def _units(self, texts: Any) -> tuple[Any, Any]:
        """Returns the units of texts, ragged `[B, units]`, and whether each is known."""
        raise NotImplementedError

    def _reads_as_empty(self, num: int) -> bool:
        """Returns whether a text of `num` unknown units is read as if it were empty."""
        return True

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Returns the shape and type of the output.

        Args:
            inputs: Symbolic strings.
        """
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype)

    @property
    def output_dtype(self) -> str:
        """Type of the output."""
        return self.compute_dtype


def _alphabet_indices(codes: Any) -> Any:
    """Returns the index in `ALPHABET` of each code point, -1 for those that are not in it."""
    indices = np.full(129, -1, np.int32)
    indices[[ord(character) for character in ALPHABET]] = range(len(ALPHABET))
    return tf.gather(tf.constant(indices), tf.minimum(codes, 128))


@keras.saving.register_keras_serializable("tfgan_zoo")
class CharacterOneHot(TextReader):
    """Reads strings as one-hot vectors over `ALPHABET`, one per character.

    As in Zhang et al. 2015 (https://arxiv.org/abs/1509.01626), characters outside the alphabet are
    all zeros, like the padding after the end. White space becomes one space between words, and is
    removed before the first and after the last.

    Args:
        max_characters: Number of characters to read; the rest is ignored.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B]`, strings.

    Output shape:
        `[B, max_characters, 69]`.

    Raises:
        InputError: If `max_characters` is invalid.

    Example:
        >>> codes = CharacterOneHot(8)(tf.constant(["Bé @"])).numpy()
        >>> "".join(ALPHABET[i] for i in codes[0, :4].argmax(-1))
        'be @'
    """

    units = "characters"

    def __init__(self, max_characters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_number("max_characters", max_characters, least=1, whole=True)
        self.max_characters = max_characters

    def call(self, inputs: Any) -> Any:
        """Reads strings.

        Args:
            inputs: Strings, `[B]`.
        """
        # Encoded again in between: white space is recognised after folding.
        texts = tf.strings.unicode_encode(_folded(inputs), "UTF-8")
        texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        codes = codes.to_tensor(0, shape=(None, self.max_characters))
        return tf.one_hot(_alphabet_indices(codes), len(ALPHABET), dtype=self.compute_dtype)

    @property
    def known(self) -> str:
        """What the layer knows, for messages."""
        return "the letters a to z, digits and ASCII punctuation"

    def _units(self, texts: Any) -> tuple[Any, Any]:
        texts = tf.strings.unicode_encode(_folded(texts), "UTF-8")
        # Punctuation does not count: it adds nothing to what a text says.
        texts = tf.strings.regex_replace(texts, r"[\s[:punct:]]+", "")
        characters = tf.strings.unicode_split(texts, "UTF-8")
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        return characters, _alphabet_indices(codes.flat_values) >= 0

    def _reads_as_empty(self, num: int) -> bool:
        return num > 0  # Punctuation alone, such as "?!", is read.

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, max_characters, 69]`.

        Args:
            input_shape: Shape of the input.
        """
        return (input_shape[0], self.max_characters, len(ALPHABET))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {"max_characters": self.max_characters}


@keras.saving.register_keras_serializable("tfgan_zoo")
class KnownWords(TextReader):
    """Reads strings as the numbers of known words; see `split_words`.

    Words are numbered from 1, in the order of the vocabulary. Others are dropped, so that the words
    around them become neighbours. The end is padded with 0.

    Args:
        vocabulary: The words, as `split_words` yields them.
        max_words: Number of known words to read; the rest is ignored.
        **kwargs: Arguments of `keras.layers.Layer`, such as `name` and `dtype`.

    Input shape:
        `[B]`, strings.

    Output shape:
        `[B, max_words]`, int32.

    Raises:
        InputError: If the vocabulary is empty, holds a word twice or one that `split_words` cannot
            yield, or if `max_words` is invalid.

    Example:
        >>> KnownWords(("red", "star"), max_words=4)(tf.constant(["One red, RED star."])).numpy()
        array([[1, 1, 2, 0]], dtype=int32)
    """

    units = "words"

    def __init__(self, vocabulary: Sequence[str], max_words: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_number("max_words", max_words, least=1, whole=True)
        self.vocabulary = _check_vocabulary(vocabulary)
        self.max_words = max_words
        with tf.init_scope():
            hashes = _hash(tf.constant(self.vocabulary)).numpy()
        self._order = np.argsort(hashes).astype(np.int32)
        self._hashes = hashes[self._order]

    def call(self, inputs: Any) -> Any:
        """Reads strings.

        Args:
            inputs: Strings, `[B]`.
        """
        words = split_words(inputs)
        nearest, found = self._look_up(words.flat_values)
        numbers = words.with_flat_values(1 + tf.gather(tf.constant(self._order), nearest))
        numbers = tf.ragged.boolean_mask(numbers, words.with_flat_values(found))
        return numbers.to_tensor(0, shape=(None, self.max_words))

    def _look_up(self, words: Any) -> tuple[Any, Any]:
        """Returns each word's index among the sorted hashes, and whether it is found there."""
        # A lookup table would be a resource to create, track and initialise.
        hashes, known = _hash(words), tf.constant(self._hashes)
        nearest = tf.searchsorted(known, hashes, out_type=tf.int32)
        nearest = tf.minimum(nearest, len(self.vocabulary) - 1)
        return nearest, tf.equal(tf.gather(known, nearest), hashes)

    def _units(self, texts: Any) -> tuple[Any, Any]:
        words = split_words(texts)
        return words, self._look_up(words.flat_values)[1]

    @property
    def known(self) -> str:
        """What the layer knows, for messages."""
        most = len(self.vocabulary) if len(self.vocabulary) <= 40 else 8
        words = ", ".join(self.vocabulary[:most])
        more = ", ..." if len(self.vocabulary) > most else ""
        return f"{len(self.vocabulary):,} words: {words}{more}"

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, max_words]`.

        Args:
            input_shape: Shape of the input.
        """
        return (input_shape[0], self.max_words)

    @property
    def output_dtype(self) -> str:
        """Type of the output."""
        return "int32"

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return super().get_config() | {
            "vocabulary": list(self.vocabulary),
            "max_words": self.max_words,
        }


def _hash(words: Any) -> Any:
    """Returns 63-bit hashes: for a million words, a collision has a chance of 1 in 10 million."""
    return tf.strings.to_hash_bucket_fast(words, 2**63 - 1)


def _check_vocabulary(vocabulary: Sequence[str]) -> tuple[str, ...]:
    advice = "vocabulary_of(captions) returns the words of your captions"
    if isinstance(vocabulary, str) or not all(isinstance(word, str) for word in vocabulary):
        raise InputError(f"vocabulary: expected words, got {vocabulary!r}; {advice}.")
    words = tuple(vocabulary)
    if not words:
        raise InputError(f"vocabulary: expected one or more words, got none; {advice}.")
    with tf.init_scope():
        read = split_words(tf.constant(words)).to_list()
    for word, parts in zip(words, read, strict=True):
        if [part.decode() for part in parts] != [word]:
            raise InputError(
                "vocabulary: expected words in lower case, without accents and punctuation, got "
                f"{word!r}; {advice}."
            )
    if len(set(words)) < len(words):
        twice = next(word for i, word in enumerate(words) if word in words[:i])
        raise InputError(f"vocabulary: expected each word once, got {twice!r} twice.")
    return words


@keras.saving.register_keras_serializable("tfgan_zoo")
class PaddedEmbedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with zeros for 0, the padding.

    Example:
        >>> PaddedEmbedding(3, 2)(np.array([[2, 0]])).numpy()[0, 1]
        array([0., 0.], dtype=float32)
    """

    def call(self, inputs: Any) -> Any:
        """Returns a vector for each number.

        Args:
            inputs: Numbers, `[B, T]`.
        """
        vectors = super().call(inputs)
        return tf.where((inputs > 0)[..., tf.newaxis], vectors, tf.zeros_like(vectors))


@keras.saving.register_keras_serializable("tfgan_zoo")
class MeanOfWords(keras.layers.Layer):
    """Mean over the positions that hold a word; zeros if there are none.

    Input shape:
        A list of features `[B, T, C]` and word numbers `[B, T]`, with 0 for padding.

    Output shape:
        `[B, C]`.

    Example:
        >>> MeanOfWords()([np.array([[[1.0], [3.0], [9.0]]]), np.array([[5, 7, 0]])]).numpy()
        array([[2.]], dtype=float32)
    """

    def build(self, input_shape: Any) -> None:
        """Creates no weights.

        Args:
            input_shape: Unused.
        """

    def call(self, inputs: Any) -> Any:
        """Averages features.

        Args:
            inputs: Features and word numbers.
        """
        features, words = inputs
        mask = tf.cast(words > 0, tf.float32)[..., tf.newaxis]
        total = tf.reduce_sum(tf.cast(features, tf.float32) * mask, axis=1)
        mean = total / tf.maximum(tf.reduce_sum(mask, axis=1), 1.0)
        return tf.cast(mean, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `[B, C]`.

        Args:
            input_shape: Shapes of both inputs.
        """
        features, _ = input_shape
        return (features[0], features[2])

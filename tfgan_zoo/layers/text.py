"""Layers that read strings: they hold their alphabet or vocabulary, and no table or other resource.

What they have in common: text is UTF-8, and bytes that are not are read as an unknown character.
Case and accents do not matter, in one code point or as combining marks; curly quotes and long
dashes are the ASCII ones; every white space is a space.
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

from tfgan_zoo.errors import InputError

#: What `CharacterOneHot` knows: letters, digits, the punctuation of ASCII, and the space.
ALPHABET = string.ascii_lowercase + string.digits + string.punctuation + " "

#: Code points from here on are as they are: the scripts before it have all the accents and cases
#: that are common, and the punctuation.
_FOLDED = 0x2070

#: Combining accents.
_MARKS = (0x300, 0x36F)

_PUNCTUATION = {"\u2026": "."} | {
    each: ascii_one
    for ascii_one, like_it in (
        ("'", "\u2018\u2019\u201a\u201b\u02bc"),
        ('"', "\u201c\u201d\u201e\u201f"),
        ("-", "\u2010\u2011\u2012\u2013\u2014\u2015"),
    )
    for each in like_it
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
    # Strokes and hooks are no accents to Unicode, but in their letters' names.
    letter = re.fullmatch(r"LATIN \w+ LETTER ([A-Z]) WITH .*", unicodedata.name(character, ""))
    return _PUNCTUATION.get(character, (letter[1] if letter else character).lower())


@functools.cache
def _folding() -> np.ndarray:
    """Returns the folded code point of each below `_FOLDED`."""
    return np.array([ord(_fold(chr(code))) for code in range(_FOLDED)], np.int32)


def _folded(texts: Any) -> Any:
    """Returns the folded code points of strings, ragged [B, characters]."""
    codes = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
    codes = tf.ragged.boolean_mask(codes, (codes < _MARKS[0]) | (codes > _MARKS[1]))
    flat = codes.flat_values
    table = tf.constant(_folding())
    return codes.with_flat_values(
        tf.where(flat < _FOLDED, tf.gather(table, tf.minimum(flat, _FOLDED - 1)), flat)
    )


def split_words(texts: Any) -> Any:
    """Splits strings into words: letters and digits of any script, without case and accents.

    An apostrophe is left out, so that "bird's" is one word; other punctuation separates words.

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


def _check_length(**arguments: int) -> None:
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be an integer of at least 1; got {value!r}.")


class Reading(NamedTuple):
    """What a layer that takes strings makes of one text.

    Args:
        num: How many words the text has; of a layer that reads characters, how many characters
            besides white space and ASCII's punctuation.
        unknown: Those that the layer ignores, without case and accents, in their order.
        is_empty: Whether the text has content of which nothing is left.
    """

    num: int
    unknown: tuple[str, ...]
    is_empty: bool


class TextReader(keras.layers.Layer):
    """The base of the layers that take strings."""

    #: What a text is made of: "words" or "characters".
    units: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_jit = False  # XLA has no strings.

    def read(self, texts: Sequence[str | bytes]) -> list[Reading]:
        """Says what the layer makes of texts.

        Args:
            texts: Strings.

        Returns:
            A reading of each.
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
                is_empty = len(words) == num and not is_blank and self._says_nothing(num)
                names = tuple(word.decode("utf-8", "replace") for word in words)
                readings.append(Reading(num, names, is_empty))
        return readings

    @property
    def known(self) -> str:
        """What is known, for a message."""
        raise NotImplementedError

    def _units(self, texts: Any) -> tuple[Any, Any]:
        """Returns what texts consist of, ragged [B, units], and for each unit if it is known."""
        raise NotImplementedError

    def _says_nothing(self, num: int) -> bool:
        """Returns whether nothing is left of a text of which no unit is known."""
        return True

    def build(self, input_shape: Any) -> None:
        """Has nothing to create.

        Args:
            input_shape: Not used.
        """

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Returns shape and type of the output.

        Args:
            inputs: Strings, symbolic.
        """
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype)

    @property
    def output_dtype(self) -> str:
        """Type of the output."""
        return self.compute_dtype


def _places(codes: Any) -> Any:
    """Returns the place in `ALPHABET` of each code point, -1 for those that are not in it."""
    places = np.full(129, -1, np.int32)
    places[[ord(character) for character in ALPHABET]] = range(len(ALPHABET))
    return tf.gather(tf.constant(places), tf.minimum(codes, 128))


@keras.saving.register_keras_serializable("tfgan_zoo")
class CharacterOneHot(TextReader):
    """Reads strings as a vector for each character: 1 in its place in `ALPHABET`, 0 elsewhere.

    As in Zhang et al. 2015 (https://arxiv.org/abs/1509.01626), characters that are not in the
    alphabet are zeros, like those after the end. White space is one space between words, and none
    before the first and after the last.

    Args:
        max_characters: How many are read; what follows is ignored.
        **kwargs: `name`, `dtype` and the like, for `keras.layers.Layer`.

    Input shape:
        `[B]`, strings.

    Output shape:
        `[B, max_characters, 69]`.

    Raises:
        InputError: If `max_characters` cannot be used.

    Example:
        >>> codes = CharacterOneHot(8)(tf.constant(["Bé @"])).numpy()
        >>> "".join(ALPHABET[i] for i in codes[0, :4].argmax(-1))
        'be @'
    """

    units = "characters"

    def __init__(self, max_characters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_length(max_characters=max_characters)
        self.max_characters = max_characters

    def call(self, inputs: Any) -> Any:
        """Reads strings.

        Args:
            inputs: Strings, `[B]`.
        """
        # Encoded again in between, as white space is to be found after folding.
        texts = tf.strings.unicode_encode(_folded(inputs), "UTF-8")
        texts = tf.strings.strip(tf.strings.regex_replace(texts, " +", " "))
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        codes = codes.to_tensor(0, shape=(None, self.max_characters))
        return tf.one_hot(_places(codes), len(ALPHABET), dtype=self.compute_dtype)

    @property
    def known(self) -> str:
        """What is known, for a message."""
        return "the letters a to z, digits and ASCII's punctuation"

    def _units(self, texts: Any) -> tuple[Any, Any]:
        texts = tf.strings.unicode_encode(_folded(texts), "UTF-8")
        # Punctuation alone would make no text differ in what it says.
        texts = tf.strings.regex_replace(texts, r"[\s[:punct:]]+", "")
        characters = tf.strings.unicode_split(texts, "UTF-8")
        codes = tf.strings.unicode_decode(texts, "UTF-8")
        return characters, _places(codes.flat_values) >= 0

    def _says_nothing(self, num: int) -> bool:
        return num > 0  # "?!" is read as it is

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
    """Reads strings as the numbers of the words it knows, see `split_words`.

    Words are numbered from 1, in the order of the vocabulary. Others are ignored: those around
    them become neighbours. 0 fills up after the last.

    Args:
        vocabulary: The words, as `split_words` yields them.
        max_words: How many of the known words are read; what follows is ignored.
        **kwargs: `name`, `dtype` and the like, for `keras.layers.Layer`.

    Input shape:
        `[B]`, strings.

    Output shape:
        `[B, max_words]`, int32.

    Raises:
        InputError: If the vocabulary is empty, or one of it no such word or there twice; or if
            `max_words` cannot be used.

    Example:
        >>> KnownWords(("red", "star"), max_words=4)(tf.constant(["One red, RED star."])).numpy()
        array([[1, 1, 2, 0]], dtype=int32)
    """

    units = "words"

    def __init__(self, vocabulary: Sequence[str], max_words: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_length(max_words=max_words)
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
        """Returns each word's place among the sorted hashes, and whether it is that word's."""
        # A look-up without a table, which would be a resource to create, track and initialise.
        hashes, known = _hash(words), tf.constant(self._hashes)
        nearest = tf.searchsorted(known, hashes, out_type=tf.int32)
        nearest = tf.minimum(nearest, len(self.vocabulary) - 1)
        return nearest, tf.equal(tf.gather(known, nearest), hashes)

    def _units(self, texts: Any) -> tuple[Any, Any]:
        words = split_words(texts)
        return words, self._look_up(words.flat_values)[1]

    @property
    def known(self) -> str:
        """What is known, for a message."""
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
    """Returns 63-bit hashes: that two of a million words share one is a chance in 10 million."""
    return tf.strings.to_hash_bucket_fast(words, 2**63 - 1)


def _check_vocabulary(vocabulary: Sequence[str]) -> tuple[str, ...]:
    advice = "vocabulary_of(captions) returns those of your captions"
    if isinstance(vocabulary, str) or not all(isinstance(word, str) for word in vocabulary):
        raise InputError(f"vocabulary must be words: {advice}; got {vocabulary!r}.")
    words = tuple(vocabulary)
    if not words:
        raise InputError(f"vocabulary must be one or more words: {advice}; got none.")
    with tf.init_scope():
        read = split_words(tf.constant(words)).to_list()
    for word, parts in zip(words, read, strict=True):
        if [part.decode() for part in parts] != [word]:
            raise InputError(
                "vocabulary must be words in lower case, without accents and punctuation: "
                f"{advice}; got {word!r}."
            )
    if len(set(words)) < len(words):
        twice = next(word for i, word in enumerate(words) if word in words[:i])
        raise InputError(f"vocabulary must have each word once; got {twice!r} twice.")
    return words


@keras.saving.register_keras_serializable("tfgan_zoo")
class PaddedEmbedding(keras.layers.Embedding):
    """`keras.layers.Embedding` with zeros for 0, which is no word but fills up.

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
    """The mean over those positions at which there is a word; zeros if there is none.

    Input shape:
        A list of features `[B, T, C]` and numbers of words `[B, T]`, 0 for none.

    Output shape:
        `[B, C]`.

    Example:
        >>> MeanOfWords()([np.array([[[1.0], [3.0], [9.0]]]), np.array([[5, 7, 0]])]).numpy()
        array([[2.]], dtype=float32)
    """

    def build(self, input_shape: Any) -> None:
        """Has nothing to create.

        Args:
            input_shape: Not used.
        """

    def call(self, inputs: Any) -> Any:
        """Averages.

        Args:
            inputs: Features and numbers of words.
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

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow, slow_except
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.layers.text import ALPHABET, CharacterOneHot, KnownWords, MeanOfWords, split_words
from tfgan_zoo.networks import NETWORKS, char_cnn_rnn, vocabulary_of, word_encoder

VOCABULARY = ("a", "red", "star", "on", "the", "left", "cafe")
BUILD = {
    "word": lambda **more: word_encoder(
        5, vocabulary=VOCABULARY, **{"max_words": 8, "word_dim": 4, "units": 3, **more}
    ),
    "char": lambda **more: char_cnn_rnn(
        5,
        **{
            "max_characters": 30,
            "filters": (6, 6),
            "kernel_size": 3,
            "pool_size": 2,
            "recurrent_units": 4,
            **more,
        },
    ),
}
TEXTS = ["a red star", "Red, star on the left!", "", "caf\u00e9"]
EVERY = pytest.mark.parametrize("kind", BUILD)


def build(kind, **more):
    keras.utils.set_random_seed(0)
    model = BUILD[kind](**more)
    for weight in model.trainable_weights:  # Also biases, so that nothing is zero by chance.
        weight.assign(np.random.default_rng(0).normal(size=weight.shape) / 2)
    return model


def embed(model, *texts):
    return model(tf.constant(texts)).numpy()


def assert_same(model, *texts):
    vectors = embed(model, *texts)
    assert np.all(np.isfinite(vectors))
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector, vectors[0], rtol=1e-5, atol=1e-6, err_msg=repr(text))


def assert_differ(model, *texts):
    vectors = embed(model, *texts)
    for i in range(1, len(texts)):
        assert np.max(np.abs(vectors[:i] - vectors[i]), axis=1).min() > 1e-4, texts[i]


@EVERY
def test_output(kind):
    model = build(kind)
    assert model.name == "text_encoder"
    assert build(kind, name="other").name == "other"
    assert (model.input_shape, model.output_shape) == ((None,), (None, 5))
    assert (model.inputs[0].dtype, model.outputs[0].dtype) == ("string", "float32")
    expected = embed(model, *TEXTS)
    assert (expected.dtype, expected.shape) == ("float32", (4, 5))
    for texts in (np.array(TEXTS), np.array(TEXTS, object), [t.encode() for t in TEXTS]):
        np.testing.assert_array_equal(model(tf.constant(texts)), expected)
    np.testing.assert_array_equal(model(np.array(TEXTS)), expected)
    np.testing.assert_allclose(
        model.predict(np.array(TEXTS, object), verbose=0), expected, rtol=1e-5, atol=1e-6
    )
    assert embed(model, "a red star").shape == (1, 5)


def test_the_papers_char_cnn_rnn():
    model = char_cnn_rnn()
    steps = [layer.output.shape[1:] for layer in model.layers[1:]]
    assert steps == [
        (201, 69),
        (198, 384),
        (66, 384),
        (63, 512),
        (21, 512),
        (18, 512),
        (18, 512),
        (512,),
        (1024,),
    ]
    assert model.count_params() == (
        (4 * 69 * 384 + 384)
        + (4 * 384 * 512 + 512)
        + (4 * 512 * 512 + 512)
        + 3 * (512 * 512 + 512 * 512 + 2 * 512)  # GRU, with two biases
        + (512 * 1024 + 1024)
    )


def test_the_authors_recurrence_and_initial_weights():
    keras.utils.set_random_seed(0)
    model = char_cnn_rnn(recurrence="authors", initial_range=0.08)
    plain = char_cnn_rnn().count_params()
    assert model.count_params() == plain - 3 * 512  # one bias where Keras' recurrence has two
    assert len(model.weights) == 11
    for weight in model.get_weights():
        assert 0.07 < np.abs(weight).max() <= 0.08
        assert weight.std() == pytest.approx(0.16 / 12**0.5, rel=0.1)
    conv_2, conv_3 = (model.get_layer(f"conv_{i}").get_weights()[1] for i in (2, 3))
    assert np.abs(conv_2 - conv_3).max() > 0.01  # each layer draws its own weights


def test_word_encoder_by_hand():
    model = build("word")
    w = model.get_layer("vectors").get_weights()[0]
    kernel, bias = model.get_layer("conv").get_weights()
    a, b = model.get_layer("embedding").get_weights()
    rows = [VOCABULARY.index(word) + 1 for word in ("red", "star", "left")]
    padded = np.concatenate([np.zeros((1, 4)), w[rows], np.zeros((1, 4))])
    triples = np.stack([padded[i : i + 3] for i in range(3)])
    mixed = np.maximum(np.einsum("itw,twu->iu", triples, kernel) + bias, 0)
    expected = np.concatenate([w[rows], mixed], axis=1).mean(axis=0) @ a + b
    np.testing.assert_allclose(embed(model, "red star left")[0], expected, rtol=1e-5)
    np.testing.assert_allclose(embed(model, "")[0], b, rtol=1e-6)


# ---------------------------------------------------------------------- what does not matter


@EVERY
def test_case_accents_and_white_space_do_not_matter(kind):
    model = build(kind)
    # One code point or two, strokes, a no-break space.
    same = ("a caf\u00e9", "A CAFE\u0301", "  a\t\ncaf\u00c9 ", "\u0103\u00a0caf\u00ea")
    assert_same(model, "a cafe", *same)
    assert_differ(model, "a cafe", "a", "red star")


@EVERY
def test_words_next_to_it_in_the_batch_do_not_matter(kind):
    model = build(kind)
    alone = embed(model, "a red star")
    long = "a red star on the left " * 20
    np.testing.assert_allclose(embed(model, long, "a red star", "")[1], alone[0], atol=1e-6)


@EVERY
def test_texts_without_content(kind):
    model = build(kind)
    assert_same(model, "", " ", "\n\t ", "\u00a0", "\u3042\U0001f600" if kind == "word" else "")
    assert_differ(model, "", "a red star")


@EVERY
def test_bytes_that_are_not_utf8(kind):
    model = build(kind)
    broken = (b"\xff\xfe", b"red\xff star", b"\xe9", b"\xc3", b"\x00", b"\xed\xa0\x80", b"a\x00b")
    vectors = embed(model, *broken)
    assert vectors.shape == (7, 5)
    assert np.all(np.isfinite(vectors))
    assert_same(model, b"red\xff star", "red\ufffd star", b"red\xc3 star")


def test_what_follows_is_cut():
    assert_same(build("word"), "a red star " * 3, "a red star a red star a red")
    # Unknown words do not count.
    assert_same(build("word", max_words=2), "red unknown star left", "red star")
    assert_differ(build("word"), "red", "red " * 7 + "star", "red " * 7 + "left")
    text = "abcdefghijklmn"
    model = build("char", max_characters=14)
    assert_same(model, text, text + "o", "  " + text + "mn")
    assert_differ(model, text, text[:-1], text[:-1] + "o")


# ---------------------------------------------------------------------- words


def test_punctuation_is_no_part_of_words():
    model = build("word")
    assert_same(
        model, "a red star", "(A) red-star!", "\"a\" 'red' \u201cstar\u201d...", "a/red_star"
    )
    assert_same(model, "red star", "-red\u2014star-")


def test_unknown_words_are_ignored_and_leave_no_gap():
    model = build("word")
    assert_same(model, "red star", "one red star", "red bright star", "red star \u2605 shining")
    assert_same(model, "", "nothing known")
    assert_differ(model, "red star", "star red", "red", "star")


def test_split_words():
    def split(text):
        return [word.decode() for word in split_words([text]).to_list()[0]]

    assert split("The bird's 2 red-brown wings, don\u2019t!") == [
        *("the", "birds", "2", "red", "brown", "wings", "dont")
    ]
    assert split("\u00d8re \u0141\u00f3d\u017a \u1e9e \u00df STRASSE") == [
        *("ore", "lodz", "\u00df", "\u00df", "strasse")
    ]
    # Scripts other than Latin: case and accents of Cyrillic and Greek, vowel signs of Hindi.
    assert (
        split("\u0419\u041e\u0414 \u0439\u043e\u0434 \u0438\u0306\u043e\u0434")
        == ["\u0438\u043e\u0434"] * 3
    )
    assert (
        split("\u039f\u0394\u039f\u03a3 \u03bf\u03b4\u03cc\u03c2")
        == ["\u03bf\u03b4\u03bf\u03c3"] * 2
    )
    assert split("\u0939\u093f\u0928\u094d\u0926\u0940 \u7ea2\u8272\u3002\u661f") == [
        *("\u0939\u093f\u0928\u094d\u0926\u0940", "\u7ea2\u8272", "\u661f")
    ]
    # Splitting is idempotent, so a vocabulary knows its own words.
    everything = "".join(chr(code) + " " for code in range(1, 0x3000) if code != 0x27)
    words = split(everything)
    assert len(words) > 5000
    assert split(" ".join(words)) == words


def test_known_words():
    layer = KnownWords(("star", "red"), max_words=4)
    texts = tf.constant(["a RED star", "", "star star star star red", "stars"])
    np.testing.assert_array_equal(
        layer(texts), [[2, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    )
    many = tuple(f"w{i}" for i in np.random.default_rng(0).permutation(3000))
    layer = KnownWords(many, max_words=3000)
    np.testing.assert_array_equal(layer(tf.constant([" ".join(many)]))[0], np.arange(1, 3001))
    np.testing.assert_array_equal(layer(tf.constant([" ".join(f"u{i}" for i in range(3000))])), 0)


def test_mean_of_words():
    x = np.array([[[1, 10], [3, 30], [np.float32(1e4)] * 2]] * 2, "float32")
    out = MeanOfWords()([x, np.array([[4, 2, 0], [0, 0, 0]])])
    np.testing.assert_allclose(out, [[2, 20], [0, 0]])


@pytest.mark.slow
def test_new_combinations_of_known_words():
    keras.utils.set_random_seed(0)
    colours, shapes = (
        ("red", "blue", "green", "pink", "grey"),
        ("star", "ring", "disc", "cross", "box"),
    )
    pairs = [(c, s) for c in range(5) for s in range(5)]
    texts = np.array([f"a {colours[c]} {shapes[s]} on the left" for c, s in pairs])
    targets = np.eye(5)[[c for c, _ in pairs]], np.eye(5)[[s for _, s in pairs]]
    seen = np.array([(c + s) % 5 > 0 for c, s in pairs])
    model = word_encoder(10, vocabulary=vocabulary_of(texts), word_dim=16, units=16)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    targets = np.concatenate(targets, axis=1)
    model.fit(tf.constant(texts[seen]), targets[seen], batch_size=20, epochs=80, verbose=0)
    found = model(tf.constant(texts[~seen])).numpy()
    distances = np.sum((found[:, None] - targets[None]) ** 2, axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), np.flatnonzero(~seen))


def test_vocabulary_of():
    captions = ["A blue star", "a Red star, caf\u00e9", "the red one"]
    assert vocabulary_of(captions) == ("a", "red", "star", "blue", "cafe", "one", "the")
    assert vocabulary_of(iter(captions), size=2) == ("a", "red")
    assert vocabulary_of(np.array(captions)) == vocabulary_of(captions)
    assert vocabulary_of([]) == vocabulary_of(["", "..."]) == ()
    assert vocabulary_of(f"w{i % 7}" for i in range(10000))[:2] == ("w0", "w1")
    assert word_encoder(3, vocabulary=vocabulary_of(captions)).output_shape == (None, 3)
    with pytest.raises(InputError, match=r"captions: .*several.*'a red star'"):
        vocabulary_of("a red star")
    with pytest.raises(InputError, match=r"captions: expected strings, got None .* number 2 of 2"):
        vocabulary_of(["a", None])
    with pytest.raises(InputError, match=r"size: .*0"):
        vocabulary_of(captions, size=0)


def test_vocabulary_of_the_figures():
    captions = figures.load("captions", split="train", resolution=16, num=200)["caption"]
    words = vocabulary_of(captions)
    assert set(words[:3]) == {"a", "at", "background"}
    assert {"red", "large", "left", "star"} <= set(words)
    ids = KnownWords(words, 32)(tf.constant(captions))
    lengths = [len(caption.split()) for caption in captions]
    np.testing.assert_array_equal(np.count_nonzero(ids, axis=1), lengths)


# ---------------------------------------------------------------------- characters


def test_characters():
    assert (len(ALPHABET), len(set(ALPHABET))) == (69, 69)
    read = CharacterOneHot(80)(
        tf.constant([ALPHABET.upper() + "x", "a\u7ea2 \u2019\ufffdb"])
    ).numpy()
    assert read.shape == (2, 80, 69)
    np.testing.assert_array_equal(read[0, :70].argmax(1), [*range(69), 23])
    np.testing.assert_array_equal(read.sum(2)[0], [1] * 70 + [0] * 10)
    # Unknown characters are read as blanks.
    np.testing.assert_array_equal(read.sum(2)[1], [1, 0, 1, 1, 0, 1] + [0] * 74)
    places = [ALPHABET.index(character) for character in "a '"]
    np.testing.assert_array_equal(read[1, [0, 2, 3]].argmax(1), places)


def test_punctuation_is_read_by_characters():
    assert_differ(build("char"), "a red star", "a red star!", "a-red star", "red star", "star red")


# ---------------------------------------------------------------------- where it must work

FRESH = """
import json
import sys
import tensorflow as tf
texts, files, exports = json.loads(sys.argv[1])
loaded = [tf.saved_model.load(path) for path in exports]
made = [each.embed(text=tf.constant(texts))["embeddings"] for each in loaded]
assert "tfgan_zoo" not in sys.modules
import tfgan_zoo
made += [tfgan_zoo.load_model(path)(tf.constant(texts)) for path in files]
print(json.dumps([each.numpy().tolist() for each in made]))
"""


@EVERY
def test_copies(kind, tmp_path):
    model = build(kind)
    nested_in_another(model).save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(embed(loaded, *TEXTS), embed(nested_in_another(model), *TEXTS))
    copy = type(model).from_config(model.get_config())
    assert json.loads(copy.to_json()) == json.loads(model.to_json())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(embed(copy, *TEXTS), embed(model, *TEXTS))
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(embed(copy, *TEXTS), embed(model, *TEXTS))


def nested_in_another(model):
    text = keras.Input((), dtype="string")
    return keras.Model(text, keras.layers.ReLU()(model(text)))


def export(model, path):
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "embed",
        lambda text: {"embeddings": model(text, training=False)},
        [tf.TensorSpec([None], tf.string, name="text")],
    )
    archive.write_out(path, verbose=False)


@pytest.mark.slow
def test_files_and_exports_in_a_fresh_process(tmp_path):
    """An export needs TensorFlow alone."""
    files, exports, nested, models = [], [], [], [build(kind) for kind in BUILD]
    for i, model in enumerate(models):
        nested.append(nested_in_another(model))
        files.append(str(tmp_path / f"{i}.keras"))
        nested[-1].save(files[-1])
        exports.append(str(tmp_path / f"export{i}"))
        export(model, exports[-1])
    done = subprocess.run(
        [sys.executable, "-c", FRESH, json.dumps([TEXTS, files, exports])],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    there = json.loads(done.stdout.splitlines()[-1])
    for made, model in zip(there, models + nested, strict=True):
        np.testing.assert_allclose(made, embed(model, *TEXTS), atol=1e-5)


@pytest.mark.parametrize("kind", slow_except(("word",), BUILD))
def test_in_a_graph(kind):
    model = build(kind)
    graph = tf.function(
        lambda texts: model(texts, training=True),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    for texts in (TEXTS, TEXTS[:1]):
        np.testing.assert_allclose(graph(tf.constant(texts)), embed(model, *texts), atol=1e-5)
    batches = tf.data.Dataset.from_tensor_slices(TEXTS).batch(2)
    mapped = np.concatenate(list(batches.map(model).as_numpy_iterator()))
    np.testing.assert_allclose(mapped, embed(model, *TEXTS), atol=1e-5)


@EVERY
@pytest.mark.parametrize("policy", ["mixed_bfloat16", slow("mixed_float16")])
def test_mixed_precision(kind, policy):
    expected = embed(build(kind), *TEXTS)
    keras.config.set_dtype_policy(policy)
    model = build(kind)
    keras.config.set_dtype_policy("float32")
    out = model(tf.constant(TEXTS), training=True)
    assert out.dtype == "float32"
    np.testing.assert_allclose(out, expected, rtol=0.1, atol=0.1)
    assert {w.dtype for w in model.trainable_weights} == {"float32"}
    if kind == "word":  # Word numbers above 256 would be rounded.
        assert model.get_layer("words").output.dtype == "int32"


@EVERY
def test_every_weight_learns(kind):
    model = build(kind)
    texts = [f"{' '.join(VOCABULARY[i:])} {VOCABULARY[i]}" for i in range(7)]
    with tf.GradientTape() as tape:
        out = model(tf.constant(texts), training=True)
        loss = tf.reduce_sum(out * np.random.default_rng(1).normal(size=out.shape))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None, weight.path
        assert np.max(np.abs(tf.convert_to_tensor(gradient))) > 1e-5, weight.path


def test_says_that_xla_cannot_compile_it():
    model = build("word")
    assert not model.get_layer("words").supports_jit
    model.compile(loss="mse", optimizer="sgd", jit_compile="auto")
    assert model.jit_compile is False


@pytest.mark.parametrize(
    ("build", "arguments", "match"),
    [
        (word_encoder, {}, r"vocabulary: .*none.*vocabulary_of"),
        (word_encoder, {"vocabulary": "red"}, r"vocabulary: .*'red'.*vocabulary_of"),
        (word_encoder, {"vocabulary": ("red", 3)}, r"vocabulary: .*3"),
        (word_encoder, {"vocabulary": ("star", "Red")}, r"vocabulary: .*lower case.*'Red'"),
        (word_encoder, {"vocabulary": ("a red",)}, r"vocabulary: .*'a red'"),
        (word_encoder, {"vocabulary": ("red", "")}, r"vocabulary: .*''"),
        (word_encoder, {"vocabulary": ("red", "a", "red")}, r"vocabulary: .*once.*'red'"),
        (word_encoder, {"vocabulary": ("red",), "max_words": 0}, "max_words: .*0"),
        (word_encoder, {"vocabulary": ("red",), "word_dim": 1.5}, "word_dim: .*1.5"),
        (word_encoder, {"vocabulary": ("red",), "units": -1}, "units: .*-1"),
        (word_encoder, {"vocabulary": ("red",), "embedding_dim": 0}, "embedding_dim: .*0"),
        (char_cnn_rnn, {"embedding_dim": 0}, "embedding_dim: .*0"),
        (char_cnn_rnn, {"max_characters": 47}, r"max_characters: .*48.*47"),
        (char_cnn_rnn, {"filters": ()}, "filters: .*none"),
        (char_cnn_rnn, {"filters": (8, 0)}, "filters: .*0"),
        (char_cnn_rnn, {"pool_size": 0}, "pool_size: .*0"),
        (char_cnn_rnn, {"kernel_size": True}, "kernel_size: .*True"),
        (char_cnn_rnn, {"recurrent_units": "8"}, "recurrent_units: .*'8'"),
    ],
)
def test_errors(build, arguments, match):
    with pytest.raises(InputError, match=match):
        build(**arguments)


def test_the_shortest_text_that_leaves_a_step():
    model = char_cnn_rnn(3, max_characters=48, filters=(2, 2, 2), recurrent_units=2)
    assert model.get_layer("conv_3").output.shape == (None, 1, 2)


def test_listed():
    assert NETWORKS["word_encoder"] is word_encoder
    assert NETWORKS["char_cnn_rnn"] is char_cnn_rnn


@pytest.mark.parametrize("module", ["layers.text", "networks.text_encoder"])
def test_examples(module):
    module = importlib.import_module(f"tfgan_zoo.{module}")
    result = doctest.testmod(module, extraglobs={"np": np, "tf": tf})
    assert result.attempted
    assert not result.failed

"""Texts as models take them: one or several, known to the encoder or not."""

import warnings

import numpy as np
import pytest
import tensorflow as tf

from tests.marks import slow
from tests.models.tiny import EMBEDDING, SHAPE, VOCABULARY, tiny
from tfgan_zoo import networks
from tfgan_zoo.errors import InputError
from tfgan_zoo.models import JointEmbedding
from tfgan_zoo.models.texts import check_captions, unknown_in_texts

CYRILLIC = ["большая птица.", "маленькая птица"]


def joint(encoder=None):
    encoder = encoder or networks.word_encoder(
        EMBEDDING, vocabulary=VOCABULARY, word_dim=4, units=4
    )
    return JointEmbedding(
        SHAPE, EMBEDDING, encoder, networks.image_encoder(SHAPE, EMBEDDING, filters=4)
    )


def char_encoder():
    return networks.char_cnn_rnn(EMBEDDING, filters=(4, 4, 4), recurrent_units=4)


@pytest.fixture(scope="module")
def models():
    return {"gan_cls": tiny("gan_cls"), "joint_embedding": joint()}


@pytest.fixture(params=["gan_cls", "joint_embedding"])
def model(request, models):
    return models[request.param]


# ---------------------------------------------------------------------- one text or several


@pytest.mark.parametrize(
    "text",
    [
        "red",
        slow(b"red"),
        slow(np.str_("red")),
        np.array("red"),
        ("red",),
        slow(np.array(["red"])),
        tf.constant("red"),
    ],
    ids=repr,
)
def test_one_string_is_one_text(model, text):
    np.testing.assert_array_equal(model.embed(text), model.embed(["red"]))


def test_one_string_is_one_text_in_a_batch(models):
    image = np.zeros((1, *SHAPE), "uint8")
    batch = models["joint_embedding"].batch((image, "red"))
    assert batch["text"].numpy().tolist() == [b"red"]
    assert "class" not in batch
    batch = models["gan_cls"].batch((image, "red", tf.constant("blue")))
    _, text, mismatching = batch.values()
    np.testing.assert_array_equal(text, models["gan_cls"].embed("red"))
    np.testing.assert_array_equal(mismatching, models["gan_cls"].embed("blue"))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "one or more texts, got none"),
        ([1], r"strings, got 1 of type int as number 1 of 1"),
        (["a", None], "strings, got None of type NoneType as number 2 of 2"),
        (None, "a text, or several in a list, got None"),
        ({"a": 1}, "a text, or several in a list"),
        ([["a"]], r"strings, got \['a'\] of type list"),
        (np.zeros((1, EMBEDDING)), "strings, got .* of type list"),
    ],
    ids=repr,
)
def test_texts_that_are_no_strings_are_refused(model, texts, message):
    with pytest.raises(InputError, match=f"^texts: expected {message}"):
        model.embed(texts)


@pytest.mark.parametrize("texts", [["a", None], [None, "a"], np.array(["a", None], object)])
def test_batches_with_texts_that_are_no_strings_are_refused(models, texts):
    images = np.zeros((2, *SHAPE), "uint8")
    with pytest.raises(InputError, match=r"^Training batches.*: expected strings, got None"):
        models["joint_embedding"].batch((images, texts))
    with pytest.raises(InputError, match=r"^Training batches.*: expected strings, got None"):
        models["gan_cls"].batch((images, texts, ["a", "a"]))


# ---------------------------------------------------------------------- unknown words


def test_unknown_words_are_named(model):
    message = "does not know 'zzz' and 'unknown' and ignores them; it knows 7 words: a, red, blue"
    with pytest.warns(UserWarning, match=message):
        model.embed("zzz unknown red circle")
    with pytest.warns(UserWarning, match="nothing is left of 'zzz', embedded like an empty text"):
        model.embed(["a red circle", "zzz"])
    with pytest.raises(InputError, match=r"^texts: expected known words, got 'zzz'"):
        model.embed(["zzz"], on_unknown="raise")
    model.embed(["zzz"], on_unknown="ignore")
    model.embed(["A RED circle!", ""])
    with pytest.raises(InputError, match=r"^on_unknown: expected one of warn, raise, ignore"):
        model.embed("red", on_unknown="skip")


def test_generate_names_unknown_words(models):
    with pytest.warns(UserWarning, match="does not know 'zzz' and ignores it"):
        models["gan_cls"].generate("a zzz circle")
    models["gan_cls"].generate("a zzz circle", on_unknown="ignore")


def test_unknown_characters_are_named():
    message = unknown_in_texts(char_encoder(), CYRILLIC[:1], refused=True)
    assert message.startswith("expected known characters, got ")
    assert "and 6 more; nothing" in message
    assert "nothing is left of 'большая птица.'" in message
    assert unknown_in_texts(char_encoder(), ["Ein naïver Café-Vogel, ?!", "?!", ""]) is None


def test_nothing_is_said_of_encoders_of_others():
    assert unknown_in_texts(lambda texts: texts, CYRILLIC) is None
    check_captions(lambda texts: texts, CYRILLIC, "data.source")


@pytest.mark.parametrize(
    ("build", "captions"),
    [
        (char_encoder, CYRILLIC),
        (char_encoder, ["\U0001f426"]),
        (lambda: networks.word_encoder(6, vocabulary=("bird",)), [*CYRILLIC, "?!"]),
    ],
)
def test_captions_of_unknown_words_alone_are_refused(build, captions):
    with pytest.raises(InputError, match=r"^data\.source: expected captions that the text encoder"):
        check_captions(build(), captions, "data.source")


def test_many_unknown_words_are_warned_of_with_an_example_and_their_share():
    with pytest.warns(UserWarning, match="unknown") as warned:
        check_captions(char_encoder(), [*CYRILLIC, "a bird", "a fish"], "data.source")
    (said,) = (str(each.message) for each in warned)
    assert "2 of 4 captions (50%) have nothing but unknown characters" in said
    assert "such as 'большая птица.'" in said
    assert "72% of all characters are unknown: " in said
    few = [f"{number} a red bird that sings" for number in range(200)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_captions(char_encoder(), [*few, "½ a bird", CYRILLIC[0]], "data.source")


def test_the_advice_on_unknown_words_is_for_captions_to_train_on():
    encoder = tiny("gan_cls").text_encoder
    advice = "its vocabulary should be that of the captions to train on"
    for held_out in (False, True):
        with pytest.warns(UserWarning, match="words are unknown") as warned:
            check_captions(encoder, ["a red zzz", "zzz"], "evaluate.split", held_out=held_out)
        said = str(warned[0].message)
        assert (advice in said) is not held_out
        assert said.endswith("no training caption contains cannot be drawn.") is held_out


@pytest.mark.parametrize("kind", ["gan_cls", "joint_embedding"])
def test_fit_refuses_texts_that_cannot_be_read(kind):
    model = tiny(kind, text_encoder=char_encoder()) if kind == "gan_cls" else joint(char_encoder())
    model.compile()
    texts = np.array(CYRILLIC, object)
    batch = {"image": np.zeros((2, *SHAPE), "uint8"), "text": texts}
    if kind == "gan_cls":
        batch["mismatching_text"] = texts[::-1]
    for data in (batch, tf.data.Dataset.from_tensors(batch)):
        with pytest.raises(InputError, match=r"^Training batches: expected captions that the text"):
            model.fit(data, verbose=0, shuffle=False)
    with pytest.raises(InputError, match=r"^Training batches: expected captions that the text"):
        model.train_on_batch(batch)
    assert model.steps_done == 0


def test_train_on_batch_reads_texts_once():
    model = joint(char_encoder())
    model.compile(run_eagerly=True)
    batch = {"image": np.zeros((2, *SHAPE), "uint8"), "text": np.array(["a", "я"], object)}
    with pytest.warns(UserWarning, match="^Training batches: 1 of 2 captions"):
        model.train_on_batch(batch)
    model.train_on_batch(batch)


@pytest.mark.parametrize("num", [1, 2])
def test_texts_that_cannot_be_read_are_refused_on_replicas(num):
    strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(num)])
    with strategy.scope():
        model = joint(char_encoder())
        model.compile()
    images = np.zeros((2, *SHAPE), "uint8")
    data = tf.data.Dataset.from_tensor_slices((images, CYRILLIC)).batch(2)
    with pytest.raises(InputError, match=r"^Training batches: expected captions .* got 2 with"):
        model.fit(data, verbose=0)
    assert model.steps_done == 0

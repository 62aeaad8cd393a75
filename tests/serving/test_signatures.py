"""What every exported model answers, wherever it is loaded."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.marks import slow
from tests.models.tiny import GREY, MODELS, SHAPE, TOLD, tiny
from tests.serving import exported
from tests.serving.exported import EXPORTED, QUICK, SIZES, every_export, objects, pixels, png
from tfgan_zoo import GAN, noise, pictures
from tfgan_zoo.data.images import decode, with_channels
from tfgan_zoo.errors import InputError
from tfgan_zoo.serving.signatures import Endpoint, in_every_form, to_grey


@pytest.fixture(scope="module")
def folder(request, tmp_path_factory):
    """The exports of each kind, and of the models that this session asks for besides."""
    folder = tmp_path_factory.mktemp("exported")
    here = [item for item in request.session.items if item.path == request.path]
    named = [(item, item.callspec.params.get("name")) for item in here if hasattr(item, "callspec")]
    asked = {name for _, name in named}
    compared = {name for item, name in named if {"by_tensorflow", "by_cpp"} & {*item.fixturenames}}
    names = [name for name in EXPORTED if name in asked or name in (*QUICK, "cyclegan")]
    exported.export_all(folder, names, compared)
    return folder


@pytest.fixture(scope="module")
def by_tensorflow(folder):
    return exported.ask_elsewhere("ask_tensorflow.py", folder)


@pytest.fixture(scope="module")
def by_cpp(folder):
    return exported.ask_elsewhere("ask_cpp.py", folder)


def names(name):
    kinds = ("", "_bits") if name == "gan_3d" else ("", "_uint8", "_png")
    forms = [f"{e}{form}" for e in endpoints(name) for form in kinds]
    others = ["class_names"] if name in TOLD and tiny(name).class_names else []
    others += ["attributes"] if MODELS[name].kind == "attribute_to_image" else []
    return sorted([*forms, *others, "serving_default"])


#: By kind, and by name for a model that has others.
ENDPOINTS = {
    "noise_to_image": ["generate", "generate_from_seed"],
    "translation": ["a_to_b"],
    "label_to_image": ["a_to_b"],
    "super_resolution": ["upscale"],
    "text_to_image": ["generate", "generate_from_embeddings"],
    "cyclegan": ["a_to_b", "b_to_a"],
    "autoencoder": ["reconstruct", "encode", "decode"],
    "dtn": ["source_to_target"],
    "classification": ["classify"],
    "attribute_to_image": ["generate", "generate_from_codes"],
}
#: Of models that encode images, those whose codes have a prior have these too.
OF_A_PRIOR = ["generate", "generate_from_seed"]


def endpoints(name):
    known = ENDPOINTS.get(name) or ENDPOINTS[MODELS[name].kind]
    return [*known, *OF_A_PRIOR] if getattr(MODELS[name], "has_prior", False) else known


def assert_close(apart, name):
    """All were asked, and no answer is off: by rounding, or by a level of 255."""
    assert min(np.std(next(iter(images.values()))) for *_, images in exported.cases(name, 3)) > 0.1
    asked = [key for key in names(name) if key not in ("class_names", "attributes")]
    assert set(apart) == {f"{key}/{num}" for key in asked for num in SIZES}
    for key, value in apart.items():
        assert value <= (1 if "_uint8/" in key or "_png/" in key else 1e-5), key


@every_export
def test_answers_where_only_tensorflow_is_imported(by_tensorflow, name):
    assert by_tensorflow[name]["signatures"] == names(name)
    assert_close(by_tensorflow[name]["apart"], name)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTED)
def test_answers_of_the_cpp_loader(by_cpp, name):
    assert_close(by_cpp[name]["apart"], name)
    # It feeds whatever it is given; some kernels end the process on a wrong rank.
    assert by_cpp[name]["accepted"] == []


@every_export
def test_wrong_shapes_and_types_are_refused(folder, name):
    signatures = exported.signatures(folder / name / "1")
    for key, given, _ in exported.cases(name, 1):
        given = {argument: tf.constant(value) for argument, value in given.items()}
        for argument, value in given.items():
            other = tf.float32 if value.dtype == tf.int32 else tf.int32
            for wrong in (tf.zeros(value.shape, other), value[tf.newaxis], value[0]):
                with pytest.raises((TypeError, tf.errors.InvalidArgumentError)):
                    signatures[key](**given | {argument: wrong})
            with pytest.raises(TypeError):
                signatures[key](another_name=value)


@every_export
def test_only_what_the_endpoints_need(folder, name):
    generators = exported.served(exported.model(name))
    variables = tf.train.list_variables(folder / name / "1" / "variables" / "variables")
    stored = [shape for key, shape in variables if key.endswith("VARIABLE_VALUE")]
    ours = [v for network in generators for v in network.variables]
    trained = [v for network in generators for v in network.weights if v.trainable]
    # Counters of dropout, and statistics that are not used at inference, may be missing.
    uses = sum(4 * int(np.prod(shape)) for shape in stored)
    assert sum(4 * int(np.prod(v.shape)) for v in trained) <= uses
    assert uses <= sum(4 * int(np.prod(v.shape)) for v in ours)
    assert len(trained) <= len(stored) <= len(ours)
    data = folder / name / "1" / "variables" / "variables.data-00000-of-00001"
    assert uses <= data.stat().st_size <= uses + 20_000  # and a table of the objects
    assert b"PyFunc" not in (folder / name / "1" / "saved_model.pb").read_bytes()


@pytest.mark.parametrize("name", ["dcgan"])
def test_a_seed_gives_the_same_image_in_any_batch(folder, name):
    signatures = exported.signatures(folder / name / "1")
    ask = lambda *seeds: signatures["generate_from_seed"](seed=tf.constant(seeds, tf.int64))  # noqa: E731
    images = ask(7, -3, 2**62, 7)["images"].numpy()
    np.testing.assert_array_equal(images[0], images[3])
    np.testing.assert_allclose(ask(2**62)["images"][0], images[2], atol=1e-6)
    assert np.max(np.abs(images[0] - images[1])) > 1e-4
    expected = exported.model(name).generate(seeds=[7, -3])
    np.testing.assert_allclose(images[:2], expected, atol=1e-6)


def test_seeds_are_whole_numbers():
    for seeds in ([0.5], 3, [[1, 2]]):
        with pytest.raises(InputError, match=r"seeds: expected whole numbers, shape \(num,\)"):
            tiny("dcgan").generate(seeds=seeds)


def test_seeds_draw_from_the_models_distribution():
    seeds = tf.range(4000, dtype=tf.int64)
    normal = tiny("dcgan", latent_distribution="normal").latents_from_seeds(seeds).numpy()
    np.testing.assert_allclose([normal.mean(), normal.std()], [0, 1], atol=0.02)
    uniform = tiny("dcgan", latent_distribution="uniform").latents_from_seeds(seeds).numpy()
    assert -1 <= uniform.min() < -0.99
    assert 0.99 < uniform.max() <= 1
    assert abs(np.corrcoef(normal[:-1, 0], normal[1:, 0])[0, 1]) < 0.05


def test_files_of_one_batch_differ_in_size_and_kind(folder):
    model = exported.model("cyclegan")
    signatures = exported.signatures(folder / "cyclegan" / "1")
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (*size, 3), np.uint8) for size in ((16, 16), (9, 30), (5, 7))]
    made = signatures["b_to_a_png"](images_bytes=tf.constant([png(image) for image in images]))
    for image, file in zip(images, made["images_bytes"].numpy(), strict=True):
        expected = pictures.to_uint8(model.translate(image[np.newaxis], "b_to_a")[0])
        assert np.max(np.abs(pixels(file).astype(int) - expected)) <= 1
    # A JPEG, and grey for a network of colour.
    file, grey = io.BytesIO(), images[0][..., :1]
    Image.fromarray(images[0]).save(file, "JPEG")
    made = signatures["b_to_a_png"](images_bytes=tf.constant([file.getvalue(), png(grey)]))
    colour = np.repeat(grey, 3, axis=-1)[np.newaxis]
    expected = pictures.to_uint8(model.translate(colour, "b_to_a")[0])
    assert np.max(np.abs(pixels(made["images_bytes"].numpy()[1]).astype(int) - expected)) <= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="image"):
        signatures["b_to_a_png"](images_bytes=tf.constant([b"no image"]))


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 3])
def test_files_of_every_kind_for_grey_and_colour(channels):
    small = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    colour = Image.fromarray(small).resize((18, 14))  # smooth, so that a JPEG keeps it
    files = {
        f"{kind} {image.mode}": encoded(image, kind)
        for image in (colour, colour.convert("L"))
        for kind in ("PNG", "JPEG", "BMP", "GIF")
    }
    files["JPEG CMYK"] = encoded(colour.convert("CMYK"), "JPEG")
    spec = tf.TensorSpec([None, None, None, channels], tf.float32, "images")
    same = Endpoint(lambda images: {"images": images}, (spec,), lambda n: {})
    ask = in_every_form({"same": same})["same_png"].function
    made = ask(tf.constant(list(files.values())))["images_bytes"]
    for (name, sent), file in zip(files.items(), made.numpy(), strict=True):
        given = with_channels(decode(io.BytesIO(sent), name), channels)
        apart = np.abs(pixels(file).astype(int) - given)
        # No two decoders of JPEG agree to the bit.
        assert np.max(apart) <= (4 if "JPEG" in name else 0), (name, np.max(apart))


def test_files_for_a_network_of_one_size():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), np.uint8)
    spec = tf.TensorSpec([None, 4, 5, 3], tf.float32, "images")
    same = Endpoint(lambda images: {"images": images}, (spec,), lambda n: {})
    ask = in_every_form({"same": same})["same_png"].function
    made = ask(tf.constant([png(image) for image in images]))["images_bytes"]
    for image, file in zip(images, made.numpy(), strict=True):
        np.testing.assert_array_equal(pixels(file), image)
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
        ask(tf.constant([png(images[0, :3])]))


def test_a_served_network_of_grey_takes_colour_of_any_kind(folder):
    colour = np.random.default_rng(0).integers(0, 256, (14, 18, 3), np.uint8)
    bmp, cmyk = (
        encoded(Image.fromarray(colour), "BMP"),
        encoded(Image.fromarray(colour).convert("CMYK"), "JPEG"),
    )
    ask = exported.signatures(folder / "cyclegan" / "1")["a_to_b_png"]
    made, turned = ask(images_bytes=tf.constant([bmp, cmyk]))["images_bytes"].numpy()
    expected = exported.model("cyclegan").translate(with_channels(colour, 1)[np.newaxis])[0]
    assert np.max(np.abs(pixels(made).astype(int) - pictures.to_uint8(expected))) <= 1
    assert pixels(turned).shape == (14, 18, 3)


def test_luma_is_that_of_the_commands():
    colours = np.random.default_rng(0).integers(0, 256, (1000, 7, 3), np.uint8)
    np.testing.assert_array_equal(to_grey(colours), with_channels(colours, 1))
    np.testing.assert_array_equal(
        to_grey(colours), np.asarray(Image.fromarray(colours).convert("L"))[..., np.newaxis]
    )
    grey = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    np.testing.assert_array_equal(to_grey(np.repeat(grey, 3, axis=-1)), grey)


def test_an_average_is_exported_unless_the_weights_are_asked_for(tmp_path):
    model = exported.model("dcgan")
    latents = model.sample_latents(2)
    with model.raw_weights():
        model.export(tmp_path / "1")
    came = exported.signatures(tmp_path / "1")["generate"](latents=tf.constant(latents))["images"]
    np.testing.assert_allclose(came, model.generator(latents, training=False), atol=1e-6)
    assert np.max(np.abs(came - model.generate(latents=latents))) > 1e-5


def test_points_have_no_other_forms():
    model = GAN(image_shape=(2,), latent_dim=4)
    assert list(model.signatures()) == ["generate", "generate_from_seed"]


def test_forms_of_a_model_that_its_author_gave_one_endpoint():
    """Text and seeds to images: what is no image stays."""

    def generate(text, seed):
        size = tf.cast(tf.strings.length(text), tf.float32)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        drawn = noise.for_each(seed, "test", lambda k: noise.uniform(k, (1, *SHAPE), -1.0, 1.0)[0])
        return {"images": drawn / size, "length": size[:, 0, 0, 0]}

    inputs = (tf.TensorSpec([None], tf.string, "text"), tf.TensorSpec([None], tf.int64, "seed"))
    example = {"text": objects([b"a", b"two"]), "seed": np.array([3, 4])}
    forms = in_every_form({"generate": Endpoint(generate, inputs, lambda n: example)})
    assert list(forms) == ["generate", "generate_uint8", "generate_png"]
    made = [f.function(*map(tf.constant, f.example(2).values())) for f in forms.values()]
    assert [set(m) - {"length"} for m in made] == [{"images"}, {"images_uint8"}, {"images_bytes"}]
    assert all(m["length"].numpy().tolist() == [1, 3] for m in made)
    expected = pictures.to_uint8(made[0]["images"].numpy())
    np.testing.assert_array_equal(made[1]["images_uint8"], expected)
    for file, image in zip(made[2]["images_bytes"].numpy(), expected, strict=True):
        np.testing.assert_array_equal(pixels(file), image)


@pytest.mark.parametrize("name", ["cyclegan", slow("srgan")])
def test_any_size_of_pixels(folder, name):
    signatures = exported.signatures(folder / name / "1")
    endpoint = endpoints(name)[0]
    channels = 3 if name == "srgan" else GREY[-1]
    scale = exported.model(name).scale
    for height, width in ((8, 24), (13, 9)):
        given = tf.zeros([1, height, width, channels], tf.uint8)
        made = signatures[f"{endpoint}_uint8"](images_uint8=given)["images_uint8"]
        assert made.shape == (1, scale * height, scale * width, 3)


def test_bits_of_voxels():
    """As NumPy packs them, also where the last byte is not full; other outputs stay."""
    random = np.random.default_rng(0)
    voxels = random.random((4, 3, 3, 3, 1)).astype("float32")
    voxels[0, 0, 0, 0] = 0.5  # is full
    spec = tf.TensorSpec([None, 3, 3, 3, 1], tf.float32, name="given")
    endpoint = Endpoint(
        lambda given: {"voxels": given, "sum": tf.reduce_sum(given, [1, 2, 3, 4])},
        (spec,),
        lambda n: {"given": voxels[:n]},
    )
    forms = in_every_form({"look": endpoint})
    assert list(forms) == ["look", "look_bits"]
    made = forms["look_bits"].function(tf.constant(voxels))
    assert set(made) == {"voxels_bits", "sum"}
    expected = np.packbits((voxels >= 0.5).reshape(4, -1), axis=1)
    np.testing.assert_array_equal(made["voxels_bits"], expected)
    again = np.unpackbits(made["voxels_bits"].numpy(), axis=1, count=27).reshape(voxels.shape)
    np.testing.assert_array_equal(again, voxels >= 0.5)

"""Settings for somebody's own images."""

import json

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import config as config_lib
from tfgan_zoo.commands import own_images, training
from tfgan_zoo.config.own_images import FEW
from tfgan_zoo.errors import InputError


def save(folder, num=6, size=(80, 70), grey=False):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for index in range(num):
        pixels = rng.integers(0, 256, (*size, 1 if grey else 3), np.uint8)
        Image.fromarray(np.repeat(pixels, 3, axis=-1) if grey else pixels).save(
            folder / f"{index}.png"
        )
    return f"folder:{folder}"


def resolve(model=None, recipe=None, workdir=None, image_size=None, **overrides):
    overrides = {key.replace("__", "."): str(value) for key, value in overrides.items()}
    return training.from_flags(
        model, recipe, workdir, overrides, lambda: None, image_size=image_size
    )


@pytest.fixture
def photos(tmp_path):
    return save(tmp_path / "photos")


def test_images_recipe_derives_its_settings(photos):
    found = resolve(recipe="images", data__source=photos)
    config = found.config
    assert (config.model, found.recipe) == ("relativistic_gan", "images")
    assert config.model_args.image_shape == (64, 64, 3)
    assert config.model_args.diff_augment == ("color", "translation", "cutout")
    assert config.data.batch_size == 4  # the largest power of two up to six images
    assert not config.data.flip
    assert 2 < len(found.notes) < 8
    assert "6 colour images" in found.notes[0]


def test_grey_small_images_keep_their_size_and_channels(tmp_path):
    source = save(tmp_path / "digits", size=(28, 28), grey=True)
    config = resolve(recipe="images", data__source=source).config
    assert config.model_args.image_shape == (28, 28, 1)
    # The control: one coloured pixel makes them colour images.
    pixels = np.zeros((28, 28, 3), np.uint8)
    pixels[0, 0] = 255, 0, 0
    Image.fromarray(pixels).save(tmp_path / "digits" / "0.png")
    assert resolve(recipe="images", data__source=source).config.model_args.image_shape[-1] == 3


def test_many_images_are_not_augmented(tmp_path):
    np.savez(tmp_path / "many.npz", images=np.zeros((FEW, 16, 16, 3), np.uint8))
    config = resolve(recipe="images", data__source=f"npz:{tmp_path / 'many.npz'}").config
    assert config.model_args.diff_augment == ()
    assert config.data.batch_size == 32


@pytest.mark.parametrize("model", ["dcgan", "wgan_gp", "lsgan", "gan", "relativistic_gan"])
def test_a_model_stays_the_model(photos, model):
    found = resolve(model, data__source=photos)
    assert found.config.model == model
    assert found.config.model_args.image_shape == (64, 64, 3)
    assert found.config.model_args.latent_dim == 100
    assert len(found.notes) == 1
    assert "\n" not in found.notes[0]
    if model != "relativistic_gan":  # what belongs to the game stays the quick recipe's
        quick = config_lib.load_config(model)
        for group in ("generator_optimizer", "discriminator_optimizer"):
            assert found.config[group].to_dict() == quick[group].to_dict()


def test_a_recipe_by_name_and_built_in_data_stay_what_they_are(photos):
    overrides = {"data.source": photos}
    as_named = resolve(recipe="dcgan", data__source=photos)
    assert as_named.config == config_lib.load_config("dcgan", overrides)
    assert (as_named.recipe, as_named.notes) == ("dcgan", [])
    for source in ("figures", "points/ring"):
        found = resolve("gan", data__source=source)
        assert found.config == config_lib.load_config("gan", {"data.source": source})
    with pytest.raises(InputError, match="Give --model or --config"):
        resolve(data__source="figures")


def test_vectors_have_no_settings_for_images(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((8, 2), np.float32))
    source = f"npz:{tmp_path / 'x.npz'}"
    found = resolve("gan", data__source=source, model_args__image_shape=2)
    assert found.config.model_args.image_shape == (2,)
    assert found.recipe == "gan"
    with pytest.raises(InputError, match="expected images, got vectors"):
        resolve(recipe="images", data__source=source)


def test_flags_win_over_derived_settings(photos):
    found = resolve(
        recipe="images",
        data__source=photos,
        data__batch_size=3,
        generator__filters=5,
        train__steps=700,
        data__flip="true",
    )
    config = found.config
    assert (config.data.batch_size, config.generator.filters) == (3, 5)
    said = "\n".join(found.notes)
    assert "networks with 5 filters at the image, and batches of 3." in said
    assert "700 steps" in said
    assert "10,000" not in said
    assert "sample sheet every 500" in said
    shorter = resolve(recipe="images", data__source=photos, train__steps=300)
    assert "  300 steps." in shorter.notes  # which end before a sheet is due
    assert (config.train.steps, config.data.flip) == (700, True)
    assert config.discriminator.filters != 5


def test_image_size(photos):
    config = resolve(recipe="images", data__source=photos, image_size="96x128").config
    assert config.model_args.image_shape == (96, 128, 3)
    with pytest.raises(InputError, match=r"--image_size: .* 72 pixels; the nearest .* 64 or 80"):
        resolve(recipe="images", data__source=photos, image_size="72")
    given = {"image_size": "32", "model_args__image_shape": 64}
    with pytest.raises(InputError, match=r"image_shape: .*give one of the two"):
        resolve(recipe="images", data__source=photos, **given)
    # For other recipes it is short for the shape.
    assert resolve("dcgan", image_size="64").config.model_args.image_shape == (64, 64, 3)


def test_translation_goes_by_the_layout(tmp_path):
    save(tmp_path / "two/trainA", 25)
    source = save(tmp_path / "two/trainB", 25).removesuffix("/trainB")
    paired = resolve(recipe="translation", data__source=source)
    assert paired.config.model == "pix2pix"
    assert paired.config.model_args.image_shape == (64, 64, 3)
    assert (paired.config.data.load_size, paired.config.generator.depth) == (72, 6)
    split = paired.config.data.split, paired.config.evaluate.split
    assert split == ("train[:90%]", "train[90%:]")
    (tmp_path / "two/trainB/24.png").rename(tmp_path / "two/trainB/other.png")
    unpaired = resolve(recipe="translation", data__source=source)
    assert unpaired.config.model == "cyclegan"
    assert unpaired.recipe == "translation"
    assert resolve(data__source=source).config.model == "cyclegan"
    save(tmp_path / "two/testA", 2)
    save(tmp_path / "two/testB", 2)
    tested = resolve("cyclegan", data__source=source).config
    assert (tested.data.split, tested.evaluate.split) == ("train", "test")


def test_captions_and_the_choice_without_a_model(tmp_path, photos):
    assert resolve(data__source=photos).config.model == "relativistic_gan"
    for index in range(6):
        (tmp_path / "photos" / f"{index}.txt").write_text(f"thing {'abcdef'[index]}\n")
    found = resolve(data__source=photos)
    assert (found.config.model, found.recipe) == ("gan_cls", "captions")
    assert found.workdir.name == "captions"
    assert found.config.generator.filters == found.config.discriminator.filters == 24
    with pytest.raises(InputError, match="--model=dcgan: captions is for other models"):
        resolve("dcgan", "captions", data__source=photos)


def test_super_resolution_crops_fit_the_smallest_image(tmp_path):
    source = save(tmp_path / "photos", size=(50, 90))
    config = resolve("srgan", data__source=source).config
    assert config.model_args.image_shape == (48, 48, 3)
    assert config.evaluate.split is None
    config = resolve("srgan", data__source=source, image_size="48x80").config
    assert config.model_args.image_shape == (48, 80, 3)
    with pytest.raises(InputError, match="the nearest sizes are 48x64 or 48x80"):
        resolve("srgan", data__source=source, image_size="48x72")


def begin(folder, found):
    """Writes what a run notes when it begins."""
    (folder / "checkpoints").mkdir(parents=True)
    stored = {
        "config": found.config.to_dict(),
        "recipe": found.recipe,
        "versions": {"tfgan_zoo": "0.2.0"},
    }
    (folder / "config.json").write_text(json.dumps(stored))


@pytest.mark.parametrize("given", [{}, {"model": "dcgan"}])
def test_a_run_resumes_with_its_stored_settings(tmp_path, photos, given):
    run = tmp_path / "run"
    first = resolve(**given, workdir=str(run), data__source=photos, train__steps=300)
    begin(run, first)
    save(tmp_path / "photos", 40)  # the settings of a new run would differ
    given = given or {"data__source": photos}  # what has to be repeated
    for flags in ({"data__source": photos, "train__steps": 300}, {}):
        again = resolve(workdir=str(run), **(given | flags))
        assert again.config.to_dict() == first.config.to_dict()
        assert (again.recipe, again.notes) == (first.recipe, [])
    new = resolve(workdir=str(tmp_path / "new"), **(given | {"data__source": photos}))
    assert new.config.data.batch_size != first.config.data.batch_size
    longer = resolve(**given, workdir=str(run), train__steps=400)
    assert longer.config.train.steps == 400
    with pytest.raises(InputError, match=r"--image_size: .* images of 64 pixels"):
        resolve(**given, workdir=str(run), image_size="32")
    with pytest.raises(InputError, match=f"{run.name}.* holds a run"):
        resolve("lsgan", workdir=str(run))


def test_runs_that_began_otherwise_resume_unchanged(tmp_path, photos):
    run = tmp_path / "run"
    config = config_lib.load_config("dcgan", {"data.source": photos})
    begin(run, training.Training(config, run, "dcgan", []))
    again = resolve("dcgan", workdir=str(run), data__source=photos)
    assert again.config.to_dict() == config.to_dict()
    assert (again.recipe, again.notes) == ("dcgan", [])


def test_recipes_need_images():
    for recipe in own_images.RECIPES:
        with pytest.raises(InputError, match=f"--config={recipe}: expected your images"):
            resolve(recipe=recipe)

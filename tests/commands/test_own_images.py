"""Settings for somebody's own images."""

import functools
import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import config as config_lib
from tfgan_zoo import networks
from tfgan_zoo.commands import own_images, training
from tfgan_zoo.config.own_images import FEW, Facts, adapt, sizes_of
from tfgan_zoo.errors import InputError
from tfgan_zoo.networks import attribute_to_image_generator
from tfgan_zoo.networks import r3gan as r3gan_networks


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
    assert (config.model, found.recipe) == ("r3gan", "images")
    assert config.model_args.image_shape == (64, 64, 3)
    assert (config.model_args.ada_target, config.model_args.diff_augment) == (0.6, ())
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
    assert (config.model_args.ada_target, config.model_args.diff_augment) == (None, ())
    assert config.data.batch_size == 32


def test_a_probability_of_augmentation_takes_the_place_of_diff_augment(photos):
    def found(**flags):
        chosen = resolve("dcgan", data__source=photos, **flags)
        return chosen.config.model_args.diff_augment, "DiffAugment" in "".join(chosen.notes)

    assert found() == (("color", "translation", "cutout"), True)
    assert found(model_args__ada_target=0.6) == ((), False)
    assert found(model_args__augment_probability=0.3) == ((), False)
    assert found(model_args__diff_augment="()") == ((), False)
    both = {"model_args__diff_augment": "color", "model_args__ada_target": 0.6}
    assert found(**both)[0] == ("color",)  # which the model refuses


def test_a_way_to_augment_takes_the_place_of_the_adaptive_one(photos):
    def found(**flags):
        chosen = resolve(recipe="images", data__source=photos, **flags)
        args = chosen.config.model_args
        said = "adaptive augmentation, as" in "".join(chosen.notes)
        return args.ada_target, args.augment_probability, args.diff_augment, said

    assert found() == (0.6, None, (), True)
    assert found(model_args__ada_target=0.5) == (0.5, None, (), True)
    assert found(model_args__diff_augment="color") == (None, None, ("color",), False)
    assert found(model_args__augment_probability=0.3) == (None, 0.3, (), False)
    assert found(model_args__ada_target="none") == (None, None, (), False)


@pytest.mark.parametrize(
    ("model", "side", "widths"),
    [
        ("r3gan", 16, [(96, 48)] * 2),
        ("r3gan", 64, [(128, 128, 96, 48)] * 2),
        ("biggan", 64, [(8, 8, 4, 2, 1), (1, 2, 4, 4, 4)]),
        ("sngan", 16, [(4, 2, 1), (1, 2, 4)]),
    ],
)
def test_networks_have_a_width_for_each_size_of_their_maps(photos, model, side, widths):
    config = resolve(model, data__source=photos, image_size=str(side)).config
    assert [tuple(config[r].widths) for r in ("generator", "discriminator")] == widths
    if model == "r3gan":  # others are refused
        r3gan_networks._Plan(4 if side == 64 else 2, (4, 4), widths[0], None, 1, 2, 2)


def test_schedules_end_as_far_into_the_run_as_the_recipes(photos):
    quick = config_lib.load_config("r3gan")
    assert quick.model_args.r1_gamma.steps == quick.train.steps  # at the end
    for flags, steps in (({}, 10_000), ({"train__steps": 4000}, 4000)):
        config = resolve("r3gan", data__source=photos, **flags).config
        assert config.train.steps == steps
        for name in ("r1_gamma", "r2_gamma"):
            assert config.model_args[name].to_dict() == {"start": 1.0, "end": 0.05, "steps": steps}
    flags = {"model_args__r1_gamma__steps": 500, "model_args__r2_gamma__end": 0.1}
    args = resolve("r3gan", data__source=photos, **flags).config.model_args
    assert args.r1_gamma.steps == 500  # what a flag has set
    assert args.r2_gamma.to_dict() == {"start": 1.0, "end": 0.1, "steps": 10_000}


@pytest.mark.parametrize("model", ["dcgan", "wgan_gp", "lsgan", "gan", "relativistic_gan"])
def test_a_model_stays_the_model(photos, model):
    found = resolve(model, data__source=photos)
    assert found.config.model == model
    assert found.config.model_args.image_shape == (64, 64, 3)
    assert found.config.model_args.latent_dim == 100
    assert found.notes[0].endswith(f"holds 6 colour images. The model is {model}.")
    # What belongs to the game stays the quick recipe's.
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


def test_transparent_images_are_announced_with_the_way_to_keep_them(tmp_path):
    source = save(tmp_path / "icons", size=(32, 32))
    drawn = "transparent images are drawn on white"
    assert drawn not in "".join(resolve(recipe="images", data__source=source).notes)
    icon = np.zeros((32, 32, 4), np.uint8)
    icon[8:24, 8:24] = 200, 30, 30, 255
    Image.fromarray(icon).save(tmp_path / "icons" / "0.png")
    said = "".join(resolve(recipe="images", data__source=source).notes)
    flag = "--config.model_args.image_shape=32,32,4"
    assert f"{drawn}; {flag} keeps the transparency" in said
    kept = resolve(recipe="images", data__source=source, model_args__image_shape="32,32,4")
    assert kept.config.model_args.image_shape == (32, 32, 4)
    assert drawn not in "".join(kept.notes)


def test_classes_are_pointed_out_and_counted(tmp_path, photos):
    for name in ("arrows", "hearts", "houses"):
        save(tmp_path / "icons" / name)
    source = f"folder:{tmp_path / 'icons'}"
    flag = "--config.model_args.num_classes"
    plain = resolve(recipe="images", data__source=source)
    assert plain.config.model_args.num_classes is None
    assert f"the 3 classes are not used; {flag}=3" in "".join(plain.notes)
    told = resolve(recipe="images", data__source=source, model_args__num_classes=3)
    assert told.config.model_args.num_classes == 3
    assert flag not in "".join(told.notes)
    assert flag not in "".join(resolve(recipe="images", data__source=photos).notes)
    set_to = resolve("cgan", data__source=source, model_args__num_classes=4)
    assert set_to.config.model_args.num_classes == 4


@pytest.mark.parametrize(("model", "without"), [("cgan", 48), ("acgan", 48), ("sngan", None)])
def test_a_recipe_with_classes_has_those_of_the_images(tmp_path, photos, model, without):
    for name in ("arrows", "hearts", "houses"):
        save(tmp_path / "icons" / name)
    told = resolve(model, data__source=f"folder:{tmp_path / 'icons'}")
    assert told.config.model_args.num_classes == 3  # not the 48 of its figures
    assert "told the class of each image, one of 3." in "".join(told.notes)
    plain = resolve(model, data__source=photos)
    assert plain.config.model_args.num_classes == without
    said = "not told classes, as the images have none" in "".join(plain.notes)
    assert said is (without is None)


def test_noise_can_be_divided_among_the_blocks_of_biggan(tmp_path):
    source = save(tmp_path / "icons", size=(24, 24))
    args = resolve("biggan", data__source=source).config.model_args
    build = functools.partial(networks.biggan_generator, args.image_shape, filters=2)
    assert build(latent_dim=args.latent_dim).output_shape == (None, 24, 24, 3)
    with pytest.raises(InputError, match="latent_dim: expected a multiple of 3"):
        build(latent_dim=100)  # what other models get


def test_images_that_may_be_pairs_are_pointed_out(tmp_path, photos):
    hint = "--config=translation"
    wide = save(tmp_path / "wide", size=(40, 80))
    assert hint in "".join(resolve(data__source=wide).notes)
    assert hint not in "".join(resolve(data__source=photos).notes)
    assert resolve(recipe="translation", data__source=wide).config.model == "pix2pix"


def test_pretraining_is_announced_with_its_flag(photos):
    said = "".join(resolve("srgan", data__source=photos).notes)
    assert "before that, 8,000 steps" in said
    assert "--config.pretraining.steps=N" in said
    without = resolve("srgan", data__source=photos, pretraining__steps=0)
    assert "before that" not in "".join(without.notes)


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
    assert "networks with 5 filters at full resolution, and batches of 3." in said
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
    # Other recipes keep their channels.
    grey = resolve(recipe="dcgan_fashion_mnist", image_size="64x48").config
    assert grey.model_args.image_shape == (64, 48, 1)
    with pytest.raises(InputError, match="--image_size gives the size as well"):
        resolve("dcgan", **given)
    with pytest.raises(InputError, match=r"--image_size: expected none for samples of shape \(2,"):
        resolve(recipe="wgan_gp_toy", image_size="32")


def test_translation_goes_by_the_layout(tmp_path):
    save(tmp_path / "two/trainA", 25)
    source = save(tmp_path / "two/trainB", 25).removesuffix("/trainB")
    paired = resolve(recipe="translation", data__source=source)
    assert paired.config.model == "pix2pix"
    assert paired.config.model_args.image_shape == (64, 64, 3)
    assert (paired.config.data.load_size, paired.config.generator.depth) == (72, 6)
    split = paired.config.data.split, paired.config.evaluate.split
    assert split == ("train[~::10]", "train[::10]")
    assert "  every tenth image is held out for evaluation (train[::10])." in paired.notes
    (tmp_path / "two/trainB/24.png").rename(tmp_path / "two/trainB/other.png")
    unpaired = resolve(recipe="translation", data__source=source)
    assert unpaired.config.model == "cyclegan"
    assert unpaired.recipe == "translation"
    why = "cyclegan, because these are not pairs: trainA/24.png has no partner in trainB"
    assert why in unpaired.notes[0]
    assert resolve(data__source=source).config.model == "cyclegan"
    save(tmp_path / "two/testA", 2)
    save(tmp_path / "two/testB", 2)
    tested = resolve("cyclegan", data__source=source).config
    assert (tested.data.split, tested.evaluate.split) == ("train", "test")


def test_captions_and_the_choice_without_a_model(tmp_path, photos):
    assert resolve(data__source=photos).config.model == "r3gan"
    for index in range(6):
        (tmp_path / "photos" / f"{index}.txt").write_text(f"thing {'abcdef'[index]}\n")
    found = resolve(data__source=photos)
    assert (found.config.model, found.recipe) == ("gan_cls", "captions")
    assert found.workdir.name == "captions"
    assert found.config.generator.filters == found.config.discriminator.filters == 24
    with pytest.raises(InputError, match="--model=dcgan: captions is for other models"):
        resolve("dcgan", "captions", data__source=photos)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("layout", ["folders", "cityscapes", "beside"])
def test_label_maps_are_not_taken_for_photographs(tmp_path, layout, zipped):
    """Without --model, their files would be samples like any other."""
    root = tmp_path / "streets"
    if layout == "folders":
        save(root / "label", grey=True)
        save(root / "inst", grey=True)
        save(root / "image")
    else:
        label, image = root, root
        if layout == "cityscapes":
            label, image = root / "gtFine" / "train" / "ulm", root / "leftImg8bit" / "train" / "ulm"
        save(image)
        for path in list(image.iterdir()):
            label.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, label / f"{path.stem}_labelIds.png")
    source = f"folder:{root}"
    if zipped:
        source = f"zip:{shutil.make_archive(str(tmp_path / 'streets'), 'zip', root)}"
    with pytest.raises(InputError, match=r"holds label maps; add --model=pix2pix_hd .*"):
        resolve(data__source=source)
    assert resolve(recipe="images", data__source=source).config.model == "r3gan"


def test_folders_named_label_and_image_may_be_classes(tmp_path):
    save(tmp_path / "classes" / "label", num=2)
    for path in (tmp_path / "classes" / "label").iterdir():
        path.rename(path.with_name(f"other_{path.name}"))
    save(tmp_path / "classes" / "image")
    assert resolve(data__source=f"folder:{tmp_path / 'classes'}").config.model == "r3gan"


@pytest.mark.parametrize("model", [None, "dcgan", "wgan_gp"])
def test_voxels_ask_for_their_recipe(tmp_path, model):
    source = f"npz:{tmp_path / 'solids.npz'}"
    np.savez(tmp_path / "solids.npz", voxels=np.zeros((4, 8, 8, 8), bool))
    with pytest.raises(InputError, match=r"solids\.npz holds voxels, not images; --model=gan_3d"):
        resolve(model, data__source=source)
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "chair.obj").write_text("v 0 0 0\n")
    with pytest.raises(InputError, match="holds voxels"):
        resolve(model, data__source=f"folder:{tmp_path / 'meshes'}")


def test_a_table_of_attributes_asks_for_its_model(photos):
    (pathlib.Path(photos.removeprefix("folder:")) / "attributes.csv").write_text("file,size\n")
    with pytest.raises(InputError, match=r"a table of attributes; add --model=attribute_to_image"):
        resolve(data__source=photos)
    assert resolve(recipe="images", data__source=photos).config.model == "r3gan"
    assert resolve("dcgan", data__source=photos).config.model == "dcgan"


@pytest.mark.parametrize(
    ("side", "few", "many"), [(28, 24, 32), (32, 24, 32), (64, 24, 32), (128, 12, 16), (512, 8, 8)]
)
def test_filters_at_the_image(side, few, many):
    for num, filters in ((FEW - 1, few), (FEW, many)):
        config = config_lib.load_config("images").unlock()
        adapt(config, Facts(num, 3, 3, side, "images"), (side, side), (3, 3))
        assert config.generator.filters == config.discriminator.filters == filters


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("5.txt", None, r"1 of 6 images have no captions, the first 5.png; correct that to"),
        ("5.txt", b"", r"5.png has no caption in .*5.txt; correct that to"),
        ("5.txt", b"a gr\xfcn bird", r"5.txt, line 1 cannot be read as UTF-8 \(.*\); correct that"),
        ("captions.csv", b"image;caption\n", r"captions.csv has columns image"),
        (
            "captions.csv",
            b"image,caption\n7.png,a\n",
            r"no image 7.png in .*; correct that",
        ),
    ],
)
def test_captions_that_cannot_be_used_are_not_left_out_in_silence(photos, name, content, fault):
    folder = pathlib.Path(photos.removeprefix("folder:"))
    for index in range(6):
        (folder / f"{index}.txt").write_text(f"thing {'abcdef'[index]}\n")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.warns(UserWarning, match=rf"captions are left out: .*{fault}") as said:
        assert resolve(data__source=photos).recipe == "images"
    assert len(said) == 1


def test_notes_that_are_no_captions_are_ignored(photos):
    (pathlib.Path(photos.removeprefix("folder:")) / "readme.txt").write_text("my photos")
    assert resolve(data__source=photos).recipe == "images"


def test_folders_a_b_c_are_classes_and_a_b_two_domains(tmp_path):
    for name in "ABC":
        save(tmp_path / "letters" / name, 4)
    source = f"folder:{tmp_path}/letters"
    assert resolve(data__source=source).recipe == "images"
    assert resolve(recipe="translation", data__source=source).recipe == "translation"
    (tmp_path / "letters" / "C").rename(tmp_path / "letters" / "AB")  # as pix2pix's script does
    assert resolve(data__source=source).recipe == "translation"


@pytest.mark.parametrize(
    ("model", "metrics"),
    [("autoencoder", ("psnr",)), ("vae", ("psnr", "elbo", "active_units")), ("vae_gan", ("psnr",))],
)
def test_scores_of_autoencoders_are_those_that_need_no_figures(photos, model, metrics):
    assert resolve(model, data__source=photos).config.evaluate.metrics == metrics


def test_sizes_of_vae_gan_are_those_that_its_networks_make_after_padding():
    sizes = sizes_of(config_lib.load_config("vae_gan"))
    fit = {size: sizes.fits(*size) for size in [(28, 28), (40, 40), (48, 64), (100, 100), (16, 16)]}
    assert [size for size, does in fit.items() if not does] == [(100, 100), (16, 16)]
    assert sizes.nearest(100, 100) == [(96, 96), (112, 112)]
    assert sizes.nearest(16, 16) == [(32, 32)]  # smaller ones have no conv_3


def test_a_table_of_attributes(tmp_path):
    source = save(tmp_path / "things", num=24, size=(40, 44))
    with pytest.raises(InputError, match=r"there is no attributes\.csv in"):
        resolve("attribute_to_image", data__source=source)
    lines = ["file,size", *(f"{i}.png,{i}" for i in range(24))]
    (tmp_path / "things" / "attributes.csv").write_text("\n".join(lines))
    found = resolve("attribute_to_image", data__source=source)
    config = found.config
    assert "24 colour images with attributes" in found.notes[0]
    assert not any("(" in note for note in found.notes[1:3])  # no tuples
    assert config.model_args.image_shape == (40, 40, 3)
    assert (config.data.split, config.evaluate.split) == ("train[~::10]", "train[::10]")
    assert config.data.attributes == ()  # the task notes them
    assert not config.data.flip
    assert config.evaluate.metrics == ("psnr", "mask_iou")
    wide = resolve("attribute_to_image", data__source=source, data__attributes="size=0..99")
    assert wide.config.data.attributes == ("size=0..99",)
    for size, filters in (
        ("16", (32,)),
        ("32", (32,)),
        ("64x48", (64, 32)),
        ("128", (128, 64, 32)),
    ):
        config = resolve("attribute_to_image", data__source=source, image_size=size).config
        assert config.generator.filters == filters
        given = {**config.generator, "maps": 2, "units": 2, "group_units": 2}
        del given["name"]
        made = attribute_to_image_generator(config.model_args.image_shape, (1,), **given)
        assert made.output_shape[1:3] == config.model_args.image_shape[:2]


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
    moved = save(tmp_path / "moved")
    [note] = resolve(workdir=str(run), **(given | {"data__source": moved})).notes
    assert f"holds a run on {photos}, " in note
    assert f"to begin a run on {moved}, give another --workdir." in note
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

"""Data, sheets and scores of models that encode images."""

import numpy as np
import pytest

from tests.tiny_runs import tiny_autoencoder
from tfgan_zoo import config as config_lib
from tfgan_zoo import metrics, pictures
from tfgan_zoo.config import autoencoder_config
from tfgan_zoo.data import figures
from tfgan_zoo.errors import InputError
from tfgan_zoo.metrics.figures import agreement
from tfgan_zoo.run.building import build_model
from tfgan_zoo.tasks import TASKS, open_task, resolve
from tfgan_zoo.tasks.autoencoder import others
from tfgan_zoo.tasks.code_scores import bounds_of
from tfgan_zoo.tasks.comparison import choose
from tfgan_zoo.tasks.requests import Request


def opened(model="vae", dense=True, **entries):
    """Returns a tiny model of figures, and its task."""
    config = autoencoder_config(model)
    config.model_args.latent_dim = 3
    if dense:
        config.encoder = {"name": "mlp_encoder", "units": ()}
        config.decoder = {"name": "mlp_decoder", "units": (), "output_activation": "linear"}
    config.evaluate.metrics = ()
    config.evaluate.samples = 24
    config.evaluate.split = "test"
    config.evaluate.draws = 3
    config.train.samples = 8
    for key, value in entries.items():
        group, _, name = key.partition("__")
        config[group][name] = value
    config_lib.check(config)
    made = build_model(config)
    return made, open_task(config, made)


@pytest.fixture(scope="module")
def vae():
    return opened()


def test_the_scores_of_a_model_with_a_prior(vae):
    model, task = vae
    known = task.known_scores()
    assert {"psnr", "elbo", "iw_bound", "active_units", "probe", "figures", "swd"} <= set(known)
    assert "sparsity" not in known
    images = task.held_out[:24]
    assert images.shape == (24, 32, 32, 3)
    assert images.dtype == np.uint8

    found = {name: known[name].function(model) for name in ("elbo", "active_units", "probe")}
    # Scores that share images are those of the images themselves.
    codes = model.encode(images)
    assert found["elbo"] == {}  # nothing was asked for in the config
    alone = task.known_scores(24)
    assert alone["elbo"].function(model)["elbo"] == pytest.approx(model.bound(images).mean())
    bound = alone["iw_bound"].function(model)
    assert set(bound) == {"iw_bound[3]"}
    assert alone["iw_bound"].main == "iw_bound[3]"
    assert bound["iw_bound[3]"] == pytest.approx(model.bound(images, 3).mean())
    units = alone["active_units"].function(model)
    assert units == {"active_units": float(metrics.active_units(codes))}
    again = pictures.to_uint8(model.reconstruct(images)).astype(float)
    errors = ((again - images) ** 2).mean(axis=(1, 2, 3))
    expected = np.mean(10 * np.log10(255**2 / errors))
    assert alone["psnr"].function(model)["psnr"] == pytest.approx(expected)
    near = alone["trustworthiness"].function(model)["trustworthiness"]
    assert near == pytest.approx(metrics.trustworthiness(images, codes, 10))


def test_held_out_images_keep_their_labels(vae):
    """The probe and the figures' attributes go by the index of each image."""
    model, task = vae
    images, indices = task.some_held_out
    whole = task.opened_held_out.array
    np.testing.assert_array_equal(images, whole[indices])
    scores = task.code_scores(24)
    np.testing.assert_array_equal(scores.labels(), task.opened_held_out.labels[indices[:24]])
    # Of all classes, not of the first in the order of the data.
    assert len(np.unique(indices // 100)) > 5
    read = task.known_scores(24)["figures"].function(model)
    wanted = figures.attributes("", "test")[indices[:24]]
    assert agreement(images[:24], wanted)["all"] == 1.0
    made = pictures.to_uint8(model.reconstruct(images[:24]))
    assert read["reconstructed"] == agreement(made, wanted)["all"]
    assert "validity" in read


def test_evaluate_reads_samples_as_they_are(vae):
    """The scores of a set of samples are those of the images in it, here figures themselves."""
    model, task = vae
    request = Request(("figures",), source="figures", split="test", num=24)
    compared = task.evaluation(model, task.config, request)
    drawn = figures.load(split="test", num=24)["image"]
    assert compared.also["figures"](drawn)["validity"] == 1.0


def test_labels_go_by_images_that_can_be_read(tmp_path):
    """An unreadable image is left out, and its label with it."""
    for i, name in enumerate("abc"):
        (tmp_path / name).mkdir()
        for j in range(4):
            pixels = np.full((32, 32, 3), 80 * i, np.uint8)
            pictures.save_png(tmp_path / name / f"{j}.png", pixels)
    (tmp_path / "a" / "0.png").write_bytes(b"no image")
    entries = {"data__source": f"folder:{tmp_path}", "data__on_error": "skip"}
    entries["data__batch_size"] = 4
    _, task = opened("autoencoder", evaluate__split=None, **entries)
    images = task.held_out
    assert len(images) == 11
    np.testing.assert_array_equal(task.code_scores(11).labels(), images[:, 0, 0, 0] // 80)


def test_the_probe_learns_no_image_that_it_is_scored_on():
    _, task = opened(evaluate__split=None, evaluate__samples=40)
    images = task.code_scores(40).training()[0]
    assert len(images) == 40
    scored = {image.tobytes() for image in task.held_out}
    known = {image.tobytes() for image in task.opened.array}
    # Drawn figures may be alike, but few are.
    assert sum(image.tobytes() in scored for image in images) < 4
    assert all(image.tobytes() in known for image in images)
    np.testing.assert_array_equal(others(4, 2, np.array([0, 3])), [1, 2])
    np.testing.assert_array_equal(others(50, 9, None), choose(50, 9))
    with pytest.raises(InputError, match="probe needs images to learn from besides"):
        others(3, 2, np.arange(3))


def test_sheets(vae):
    model, task = vae
    sheet = task.sheet(model)
    np.testing.assert_array_equal(sheet, task.sheet(model))
    # Two groups of original, decoded and sample: 6 columns and 4 rows of 32 pixels.
    factor = round((sheet.shape[1]) / (6 * 34 - 2))
    assert sheet.shape[1] == (6 * 34 - 2) * factor
    assert sheet.shape[0] == (4 * 34 - 2) * factor + pictures.labels.TITLES
    shown = sheet[pictures.labels.TITLES :: factor, ::factor][:32, :32]
    np.testing.assert_array_equal(shown, task.held_out[0])


def test_a_denoising_model_is_scored_on_noisy_images():
    model, task = opened("denoising_autoencoder", model_args__corruption_level=0.8)
    images = task.held_out[:24]
    found = task.known_scores(24)
    made = pictures.to_uint8(model.reconstruct(model.corrupted(images))).astype(float)
    expected = np.mean(10 * np.log10(255**2 / ((made - images) ** 2).mean(axis=(1, 2, 3))))
    assert found["psnr"].function(model)["psnr"] == pytest.approx(expected)
    clean = pictures.to_uint8(model.reconstruct(images)).astype(float)
    assert np.abs(clean - made).max() > 5
    assert task.sheet(model).ndim == 3
    assert "elbo" not in found


def test_sparsity_is_known_of_bounded_units():
    model, task = opened(
        "sparse_autoencoder",
        dense=False,
        model_args__latent_dim=5,
    )
    found = task.known_scores(24)["sparsity"]
    assert found.main == "dead_units"
    codes = model.encode(task.held_out[:24])
    assert found.function(model)["mean_activation"] == pytest.approx(codes.mean(), rel=1e-5)


def test_what_the_config_asks_for():
    _, task = opened("autoencoder", evaluate__metrics=("elbo",), evaluate__main="elbo")
    with pytest.raises(InputError, match=r"evaluate\.main: .* got 'elbo'"):
        task.scores  # noqa: B018
    with pytest.raises(InputError, match=r"evaluate\.draws: expected a whole number from 1 up"):
        opened(evaluate__draws=0)
    asked = ["fid", "iw_bound[50]", "iw_bound", "iw_bound[x]", "iw_bound[0]"]
    assert bounds_of(asked) == ["iw_bound[50]"]
    names = TASKS["autoencoder"].metrics_of(["iw_bound[500]"])
    assert {"elbo", "iw_bound", "iw_bound[500]", "probe"} <= set(names)


def test_a_missing_split_is_held_out(tmp_path):
    config = tiny_autoencoder(tmp_path, evaluate__split="test")
    with pytest.warns(UserWarning, match="every tenth"):
        config = resolve(config)
    assert config.data.split == "train[~::10]"
    task = open_task(config, build_model(config))
    assert len(task.opened) == 45
    assert len(task.held_out) == 5
    assert set(task.fingerprints()) == {"training data", "evaluation data"}
    assert task.describe().endswith("45 samples")


def test_vectors_are_refused():
    with pytest.raises(InputError, match=r"data.source: points/ring holds vectors"):
        opened(data__source="points/ring", evaluate__split=None)


@pytest.mark.slow
def test_the_stages_before_a_run():
    """One for each layer, the first at the image; then the run itself."""
    entries = {
        "encoder": {"name": "mlp_encoder", "units": (6, 5), "activation": "sigmoid"},
        "decoder": {"name": "mlp_decoder", "units": (5, 6), "activation": "sigmoid"},
    }
    config = autoencoder_config("denoising_autoencoder")
    for name, network in entries.items():
        config[name] = network
    config.model_args.update(latent_dim=4, stage=0)
    config.pretraining = {"steps": 20}
    found = []
    while config is not None:
        model = build_model(config)
        found.append((model.stage, config.train.steps))
        config = open_task(config, model).pretraining()
    assert found == [(0, 1000), (3, 20), (2, 20), (1, 20)]
    config = autoencoder_config("vae")
    config.pretraining = {"steps": 20}
    task = open_task(config, build_model(config))
    with pytest.raises(InputError, match=r"pretraining\.steps: expected 0 for vae"):
        task.pretraining()


@pytest.mark.slow
def test_a_vae_starts_at_the_mean_image():
    """A run of its own draws the same, and another model is left as it is."""
    model, task = opened("vae", model_args__likelihood="bernoulli")
    plain, _ = opened("autoencoder")
    task.initialize(model)
    images = task.load(task.held, choose(len(task.held), 10_000))[0]
    mean = images.mean(axis=0) / 255
    blank = model.decode(np.zeros((1, 3)))[0]
    np.testing.assert_allclose((blank + 1) / 2, np.clip(mean, 0.001, 0.999), atol=2e-3)
    before = plain.decoder.get_weights()
    open_task(task.config, plain).initialize(plain)
    for a, b in zip(before, plain.decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)

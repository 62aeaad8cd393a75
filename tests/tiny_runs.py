"""Configs of short runs, and helpers that read them."""

import json
import signal

import h5py
import numpy as np
import pytest

from tfgan_zoo import callbacks, pictures
from tfgan_zoo.config import (
    attribute_to_image_config,
    autoencoder_config,
    check,
    classifier_config,
    image_to_image_config,
    joint_embedding_config,
    label_to_image_config,
    noise_to_image_config,
    override,
    super_resolution_config,
    text_to_image_config,
    voxels_config,
)
from tfgan_zoo.data.figures import scenes
from tfgan_zoo.errors import Interrupted
from tfgan_zoo.run import building, experiment
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import open_task, resolve


def tiny_config(folder, model="dcgan", convolutional=False, **overrides):
    """Ten steps with a log line every four, on 50 random images in batches of 8.

    The networks are MLPs, whose graphs take half as long to make, where a test is not about what
    is trained.
    """
    data = folder / "pictures.npz"
    if not data.exists():
        images = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 3), np.uint8)
        np.savez(data, images=images)
    config = noise_to_image_config(model)
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.latent_dim = 8
    config.model_args.r1_gamma = 1.0
    config.model_args.r1_every = 2
    config.model_args.ema_half_life = 20.0
    if model == "gan":
        config.generator = {"name": "mlp_generator", "units": (8,)}
        config.discriminator = {"name": "mlp_discriminator", "units": (8,)}  # has dropout
    elif convolutional:
        config.generator = {"name": "dcgan_generator", "filters": 4}
        config.discriminator = {"name": "dcgan_discriminator", "filters": 4}
    else:
        plain = {"units": (8,), "input_dropout": 0.0, "dropout": 0.0}
        config.generator = {"name": "mlp_generator", "units": (8,)}
        config.discriminator = {"name": "mlp_discriminator", **plain}
    config.data.source = f"npz:{data}"
    config.data.batch_size = 8
    return _short(config, overrides)


def tiny_conditional(folder, model, **overrides):
    """The same with three classes, in packs of two, for a model whose networks are its own."""
    data = folder / "labelled.npz"
    if not data.exists():
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (50, 16, 16, 3), np.uint8)
        np.savez(data, images=images, labels=np.arange(50) % 3)
    config = noise_to_image_config(model)
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.latent_dim = 9
    config.model_args.num_classes = 3
    config.model_args.packing = 2
    config.model_args.r1_gamma = config.model_args.r2_gamma = 0.1
    config.model_args.r1_every = 2
    config.model_args.ema_half_life = 20.0
    small = {"name": "dcgan_generator", "filters": 4}
    config.generator, config.discriminator = {
        "cgan": (
            {"name": "cgan_generator", "noise_units": 8, "units": 8, "class_units": 4},
            {"name": "cgan_discriminator", "image_units": 8, "units": 8, "class_units": 4},
        ),
        "acgan": (small, {"name": "acgan_discriminator", "filters": 2}),
        "sngan": (small, {"name": "sngan_discriminator", "filters": 4}),
        "biggan": (
            {"name": "biggan_generator", "filters": 1, "embedding_dim": 4},
            {"name": "biggan_discriminator", "filters": 2},
        ),
    }[model]
    config.data.source = f"npz:{data}"
    config.data.batch_size = 4
    return _short(config, overrides)


def tiny_voxels(folder, **overrides):
    """The same for drawn solids, 8x8x8, told their kinds; accuracies decide who learns."""
    config = voxels_config("gan_3d")
    config.model_args.image_shape = (8, 8, 8, 1)
    config.model_args.latent_dim = 8
    config.model_args.num_classes = 6
    config.model_args.skip_discriminator_above = 0.6
    config.generator = {"name": "gan_3d_generator", "filters": 4}
    config.discriminator = {"name": "gan_3d_discriminator", "filters": 4}
    config.data.source = "voxels/solids"
    config.data.split = "test[:60]"
    config.data.batch_size = 8
    config.evaluate.metrics = ("solids", "swd")
    return _short(config, overrides)


def tiny_translation(folder, model, **overrides):
    """The same for pairs, 16x16, from grey to colour."""
    data = folder / "pairs.npz"
    if not data.exists():
        random = np.random.default_rng(0)
        a, b = (random.integers(0, 256, (20, 20, 20, c), np.uint8) for c in (1, 3))
        np.savez(data, a=a, b=b)
    config = image_to_image_config(model)
    config.model_args.image_shape = (16, 16, 1)
    config.model_args.channels_b = 3
    if model == "cyclegan":
        config.model_args.identity_weight = 0.0
        config.model_args.pool_size = 3
        config.generator = {"name": "translation_resnet", "filters": 4, "blocks": 1}
    elif model == "dtn":
        config.model_args.features = "figures_v1:conv2"
        config.generator = {"name": "dtn_generator", "filters": 4}
    else:
        config.generator = {"name": "unet_generator", "filters": 4, "depth": 3}
    config.discriminator = {
        "name": "patchgan_discriminator",
        "filters": 4,
        "receptive_field": 16,
        "normalization": "instance",
    }
    if model == "dtn":
        config.discriminator = {"name": "dtn_discriminator", "filters": 4}
    config.data.source = f"npz:{data}"
    config.data.batch_size = 2
    config.data.load_size = 20
    return _short(config, overrides)


def tiny_labels(folder, **overrides):
    """The same for a Pix2PixHD of label maps with styles, whose generator has an enhancer."""
    data = folder / "maps"
    if not data.exists():
        fields = scenes.load("train", 20, num=12)
        for name in ("label", "inst", "image"):
            (data / name).mkdir(parents=True)
            for i, pixels in enumerate(fields[name]):
                pictures.save_png(data / name / f"{i:02}.png", pixels)
    config = label_to_image_config("pix2pix_hd")
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.num_classes = 7
    config.model_args.style_size = 2
    config.model_args.features = None
    small = {"filters": 2, "blocks": 1, "global_downsamplings": 1, "global_blocks": 1}
    config.generator = {"name": "local_enhancer", **small}
    config.discriminator = {"name": "multiscale_discriminator", "filters": 2, "receptive_field": 16}
    config.encoder = {"name": "feature_encoder", "filters": 2, "downsamplings": 1}
    config.data.source = f"folder:{data}"
    config.data.batch_size = 2
    config.data.load_size = 18
    return _short(config, overrides)


def tiny_super_resolution(folder, **overrides):
    """The same for an SRGAN from 8x8 to 16x16 with six steps of pretraining."""
    data = folder / "large.npz"
    if not data.exists():
        images = np.random.default_rng(0).integers(0, 256, (12, 20, 20, 3), np.uint8)
        np.savez(data, images=images)
    config = super_resolution_config("srgan")
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.scale = 2
    config.model_args.content = "pixel"
    config.generator = {"name": "srresnet_generator", "filters": 4, "blocks": 1}
    config.discriminator = {"name": "srgan_discriminator", "filters": 4, "dense_units": 8}
    config.pretraining.steps = 6
    config.data.source = f"npz:{data}"
    config.data.batch_size = 4
    return _short(config, overrides)


def tiny_text_to_image(folder, **overrides):
    """The same for a GAN-CLS, whose text encoder is first trained for six steps."""
    config = text_to_image_config("gan_cls")
    config.model_args.latent_dim = 8
    config.generator = {"name": "text_conditional_generator", "filters": 4, "projected": 4}
    config.discriminator = {"name": "text_conditional_discriminator", "filters": 4, "projected": 4}
    config.pretraining.steps = 6
    config.pretraining.batch_size = 8
    config.data.batch_size = 4
    return _captioned(config, folder, overrides)


def tiny_classifier(folder, **overrides):
    """The same for a classifier of three classes."""
    config = classifier_config("classifier")
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.num_classes = 3
    config.classifier = {"name": "image_classifier", "filters": 4}
    config.classifier_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.data.source = f"npz:{_of_three_classes(folder)}"
    config.data.batch_size = 4
    return _short(config, overrides)


def tiny_transfer(folder, **overrides):
    """The same for a DTN, whose classifier is first trained for six steps."""
    target = folder / "target.npz"
    if not target.exists():
        images = np.random.default_rng(1).integers(0, 256, (12, 20, 20, 1), np.uint8)
        np.savez(target, images=images)
    config = image_to_image_config("dtn")
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.channels_b = 1
    config.model_args.features = "classifier:conv4"
    config.model_args.num_classes = 3
    config.generator = {"name": "dtn_generator", "filters": 4}
    config.discriminator = {"name": "dtn_discriminator", "filters": 4}
    config.classifier_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.pretraining = {"steps": 6, "batch_size": 4}
    config.data.source = f"npz:{_of_three_classes(folder)}|npz:{target}"
    config.data.batch_size = 2
    return _short(config, overrides)


def _of_three_classes(folder):
    data = folder / "classes.npz"
    if not data.exists():
        random = np.random.default_rng(0)
        np.savez(
            data,
            images=random.integers(0, 256, (20, 20, 20, 3), np.uint8),
            labels=np.arange(20) % 3,
        )
    return data


def tiny_joint_embedding(folder, **overrides):
    """The same for the text encoder of that GAN-CLS alone."""
    config = joint_embedding_config("joint_embedding")
    config.encoder_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.data.batch_size = 8
    return _captioned(config, folder, overrides)


def tiny_autoencoder(folder, model="autoencoder", **overrides):
    """The same for a model that encodes images of `tiny_config`."""
    data = tiny_config(folder).data.source
    game = model == "vae_gan"
    roles = ("encoder", "decoder", "discriminator") if game else ("autoencoder",)
    config = autoencoder_config(model, roles)
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.latent_dim = 4
    config.encoder = {"name": "conv_encoder", "filters": 4}
    config.decoder = {"name": "conv_decoder", "filters": 4}
    if game:
        small = {"filters": (2, 4), "dense_units": 8}
        config.discriminator = {"name": "vae_gan_discriminator", "first_filters": 2, **small}
    if model == "sparse_autoencoder":
        config.encoder.output_activation = "sigmoid"
    for role in roles:
        config[f"{role}_optimizer"] = {"name": "adam", "learning_rate": 1e-3}
    config.data.source = data
    config.data.batch_size = 8
    return _short(config, overrides)


def tiny_attribute_to_image(folder, **overrides):
    """The same for a model that draws 50 figures from attributes."""
    del folder
    config = attribute_to_image_config("attribute_to_image")
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.augmentation = 0.5
    config.model_args.ema_half_life = 20.0
    config.generator = {
        "name": "attribute_to_image_generator",
        "group_units": 4,
        "units": 8,
        "maps": 4,
        "filters": (4,),
    }
    config.generator_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.data.split = "train[:50]"
    config.data.batch_size = 8
    return _short(config, {"data__flip": "false", **overrides})


def _captioned(config, folder, overrides):
    data = folder / "captioned"
    if not data.exists():
        data.mkdir()
        images = np.random.default_rng(0).integers(0, 256, (20, 20, 20, 3), np.uint8)
        words = [(c, s) for c in ("red", "blue") for s in ("circle", "square", "ring")]
        captions = [f"a {words[i % 6][0]} {words[i % 6][1]}" for i in range(20)]
        pictures.save_folder(data, images, captions)
    config.model_args.image_shape = (16, 16, 3)
    config.model_args.embedding_dim = 6
    config.text_encoder = {"name": "word_encoder", "vocabulary": (), "word_dim": 4, "units": 4}
    config.image_encoder = {"name": "image_encoder", "filters": 4}
    config.data.source = f"folder:{data}"
    config.data.load_size = 20
    return _short(config, overrides)


def _short(config, overrides):
    if "generator" in config:
        config.generator_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.data.flip = True
    config.train.steps = 10
    config.train.log_every = 4
    config.train.sample_every = 8
    config.train.checkpoint_every = 4
    config.train.keep_checkpoints = 2
    config.train.samples = 4
    config.train.export = False  # except in tests of exports
    config.evaluate.samples = 16
    config.lock()
    for key, text in overrides.items():
        override(config, key.replace("__", "."), text)
    check(config)
    return config


def quiet(_):
    """Says nothing."""


def finished_run(folder, **overrides):
    """Trains a `tiny_config` that nobody stops; returns the config and the run's folder."""
    config = tiny_config(folder, **overrides)
    experiment.train(config, folder / "run", quiet)
    return config, folder / "run"


def stepped_run(config, run, steps=1):
    """Writes a run as it is after some steps, for tests of what is done with runs.

    The steps are real, but run eagerly. Graphs, sheets and scores would take most of the time.
    """
    config = resolve(config)
    model = building.build_model(config)
    for batch in open_task(config, model).batches(0).take(steps):
        model.train_step(batch)
    with Run(run).claim(config):
        Run(run).checkpoints.save(model, steps, None)
    return run


def at_step(monkeypatch, step, act):
    """Calls `act(model)` within training, before the step after `step`."""

    class Progress(callbacks.Progress):
        def on_train_batch_begin(self, batch, logs=None):
            if int(self.model.step) == step:
                act(self.model)

    monkeypatch.setattr(callbacks, "Progress", Progress)


def stop_at(monkeypatch, config, run, step):
    """Trains up to a step, which the signal lets end."""
    with monkeypatch.context() as patch:
        at_step(patch, step - 1, lambda model: signal.raise_signal(signal.SIGINT))
        with pytest.raises(Interrupted, match=f"step {step} and saved") as stopped:
            experiment.train(config, run, quiet)
    assert stopped.value.signal_number == signal.SIGINT
    assert not (run / "result.json").exists()


def as_recipe(config, path):
    """Writes a config as a file for `--config`."""
    plain = json.dumps(config.to_dict())
    path.write_text(
        "import json\n"
        "from tfgan_zoo.config import noise_to_image_config, typed\n"
        "def get_config():\n"
        f"    plain = json.loads({plain!r})\n"
        "    config = typed(plain, noise_to_image_config(plain['model']))\n"
        "    return config\n"
    )
    return path


def lines(run):
    """Returns metrics.jsonl without entries that depend on the machine."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        assert row.pop("images_per_second") > 0
        assert row.pop("peak_memory_mb") > 0
    return rows


def saved(run, step):
    """Returns every array of a checkpoint: weights, average, optimizers, counters, means."""
    arrays = {}
    with h5py.File(run / "checkpoints" / f"step_{step:08d}" / "model.weights.h5") as file:
        file.visititems(
            lambda name, item: (
                arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return arrays


def assert_same(arrays, others):
    """Asserts equality, bit for bit."""
    assert arrays.keys() == others.keys()
    different = [n for n in arrays if arrays[n].tobytes() != others[n].tobytes()]
    assert not different

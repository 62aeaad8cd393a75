"""Every entry of a config, with its default, for each kind of model.

A config has the entries that all runs share, a group for each network of its model, and an
optimizer for each role. The group of a network or an optimizer holds a `name` and the arguments of
what it names.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ml_collections import ConfigDict
from ml_collections.config_dict import FieldReference, placeholder

from tfgan_zoo.errors import whole_number
from tfgan_zoo.sizes import LEAST_SIDE, whole_shape


def any_shape(shape: tuple[int, ...]) -> FieldReference:
    """Returns an `image_shape` that a recipe may replace by one number, as `shape_of_side` reads.

    `load_config` makes it a plain tuple.
    """
    return FieldReference(shape, field_type=object)


def shape_of_side(shape: Any) -> Any:
    """Returns the shape that one number means, of square colour images; anything else as it is.

    A number that is too small for the side of an image is the size of points.

    Example:
        >>> shape_of_side(64), shape_of_side(2), shape_of_side((32, 32, 1))
        ((64, 64, 3), (2,), (32, 32, 1))
    """
    side = whole_number(shape)
    return (side,) if side is not None and side < LEAST_SIDE else whole_shape(shape)


#: The networks of a game, which are its roles too.
PLAYERS = ("generator", "discriminator")


def run_config(
    model: str = "", networks: Iterable[str] = (), roles: Iterable[str] = ()
) -> ConfigDict:
    """Returns the entries of every run, with groups for the networks and optimizers of a model.

    Recipes of models of your own start from it.

    Args:
        model: A key of `tfgan_zoo.models.MODELS`, or "package.module:Class".
        networks: The groups of the model's networks.
        roles: The model's roles, each of which has an optimizer.

    Example:
        >>> config = run_config("my_package.vae:VAE", ["encoder", "decoder"], ["autoencoder"])
        >>> config.encoder.name, config.autoencoder_optimizer.name
        ('', '')
    """
    return ConfigDict(
        {
            "model": model,
            "seed": 0,  # of initial weights, noise, and the order of the data
            "model_args": {},  # arguments of the model's constructor
            # Networks: "name" is a key of tfgan_zoo.networks.NETWORKS or "package.module:function";
            # the other entries are its arguments. Without a name, the paper's network.
            **{network: {"name": ""} for network in networks},
            # Optimizers: "name" is a Keras optimizer; the other entries are its arguments.
            # "decay" of the learning rate is "constant", "linear" (to zero at the last step,
            # starting after the fraction "decay_start" of the steps), "halving" (every
            # "halve_every" steps) or "staircase" (times "decay_factor" every "decay_every" steps).
            # Without a name, the paper's optimizer.
            **{f"{role}_optimizer": {"name": ""} for role in roles},
            "data": {
                # figures[/VIEW], points/NAME, voxels/solids, solids/views, tfds:NAME, folder:,
                # zip:, idx:, npz:
                "source": "figures",
                "split": "train",
                "batch_size": 64,  # real samples in one update of the discriminator
                "crop": placeholder(int),  # first crop a central square of this many pixels
                "fit": "resize",  # how images reach the model's size; or "pad"
                "flip": False,  # mirror at random
                # Where decoded images are kept: "yes" in memory, "disk" in a file, "no" nowhere;
                # "auto" keeps what fits in `memory` there, and the rest in a file in `cache_dir`.
                "cache": "auto",
                "memory": placeholder(str),  # such as "4GB"; None for a quarter of the machine's
                "cache_dir": placeholder(str),  # None for a folder in ~/.cache/tfgan_zoo
                "on_error": "raise",  # unreadable files: "raise" or "skip"
                "data_dir": placeholder(str),  # where tfds: keeps its datasets
                # The value of white in images of more than 8 bits, such as 4095 for 12 bits. None
                # takes 65535 for 16 bits and refuses 32 bits.
                "white": placeholder(float),
                "black": placeholder(float),  # the value of black, where white is given; None for 0
                "pages": "first",  # of TIFF and DICOM; or "channels", each page is one
                "formats": "all",  # of image files; "common" ones alone, where there are any
                "color_profiles": "srgb",  # convert embedded profiles to sRGB, or "ignore" them
            },
            "train": {
                "steps": 1000,  # updates of the generator
                "log_every": 100,  # steps between lines of metrics.jsonl
                "sample_every": 1000,  # steps between sample sheets; a multiple of log_every
                "checkpoint_every": 1000,  # steps between checkpoints; a multiple of log_every
                "keep_checkpoints": 3,  # the last few; the best one stays as well
                "samples": 64,  # on a sheet
                "export": True,  # write and verify a SavedModel when training ends
                "jit_compile": False,  # XLA
                "rematerialize": False,  # recompute the generators' features to save memory
                "steps_per_execution": 1,  # steps in one call of the graph
                "precision": "float32",  # or "mixed_bfloat16", "mixed_float16"
                # A run folder or a preset; this run starts from its best generator.
                "generator_from": placeholder(str),
                # A run folder, a .keras file or a preset, of which all weights that fit are taken.
                "start_from": placeholder(str),
                # "module:function" of (config, run folder), which returns Keras callbacks.
                "callbacks": (),
            },
            # What happens after NaN and infinite losses.
            "nan": {
                "steps": 1,  # non-finite steps per log interval that trigger a rollback
                "rollbacks": 3,  # at most; 0 stops at once
                "learning_rate_factor": 0.5,  # of all roles, at each rollback
            },
            # What is monitored, and reported once it is found.
            "health": {
                "saturation": True,  # the discriminator has won
                "gradients": True,  # the generator's gradients have vanished
                "diversity": True,  # samples are all alike
                "oscillation": True,  # losses swing
                "augmentation": True,  # the probability of augmentation stays at 1
                # Steps between checks of gradients and samples, a multiple of log_every; None for
                # five times log_every.
                "every": placeholder(int),
            },
            "distribution": {
                # "auto": the workers of TF_CONFIG if it is set, otherwise all visible GPUs; or
                # "one_device", "mirrored" (GPUs of one machine), "multi_worker" (several machines).
                "strategy": "auto",
                "logical_cpus": 0,  # split the CPU into this many devices, for trying things out
                # CPU threads that share one operation; 0 for one per core. Small networks run
                # faster with one thread for each of several operations side by side.
                "threads_per_op": 0,
                "synchronized_bn": True,  # share batch statistics between replicas
            },
            "evaluate": {
                # "psnr", "ssim" and "ssim_daala" compare enlarged images with the originals, and
                # all but the last translations with their targets, in all channels;
                # "checkerboard" is the energy of a grid in enlarged images;
                # "figures" reads the drawn figures back, "solids" the drawn solids (and both are
                # left out for other data); "swd" is
                # the sliced Wasserstein distance to the data; "mae" the mean absolute error of
                # translations with known targets, "l1" the same in [-1, 1], as in the loss;
                # "lpips" a network's distance of pairs, with the file `lpips_backbone`;
                # "elbo", "iw_bound", "active_units", "probe", "trustworthiness", "continuity" and
                # "sparsity" are scores of models that encode images;
                # "held_out_accuracy" the share of images that are classified right;
                # "retrieval" how often an image's own text is the
                # nearest. "fid", "kid", "inception_score", "precision_recall", "density_coverage"
                # and "modes" compare samples with the data in the features of a network,
                # "ms_ssim_diversity" with one another; "class_accuracy", "intra_fid" and
                # "intra_precision_recall" samples of a class with the data's; see
                # docs/evaluation.md. () for none.
                "metrics": ("swd",),
                # The metric that decides which checkpoint is the best: the higher fraction of
                # correct figures, the lower distance. None for the first one the data allows.
                "main": placeholder(str),
                # "inception", "inception_antialiased", "efficientnet_lite0", "figures_v1",
                # "mnist_v1", "fashion_mnist_v1", or "auto": one of the last three if it fits the
                # source; otherwise efficientnet_lite0 if tfgan_zoo[imagenet] is installed, else
                # Inception, which is downloaded, or read from the file `inception`. Or one layer,
                # such as "efficientnet_lite0:block3".
                "features": "auto",
                "inception": placeholder(str),
                "best": True,  # export the best checkpoint instead of the last
                "samples": 512,
                # Steps between evaluations, a multiple of log_every; None for every checkpoint.
                "every": placeholder(int),
                # Stop after this many evaluations without a better score; 0 for never.
                "patience": 0,
            },
        },
        convert_dict=True,
    )


def default_config() -> ConfigDict:
    """Returns the config of a game of a generator and a discriminator, at its defaults."""
    return run_config("", PLAYERS, PLAYERS)


def set_cosine(config: ConfigDict, key: str, start: float, end: float, steps: int) -> None:
    """Makes an entry follow half a period of a cosine: see `schedules.Cosine`.

    The entries for which this is possible are `r1_gamma`, `r2_gamma`, `ema_half_life`,
    `augment_probability` and `augmentation` of `model_args`, and of optimizers the learning rate
    and, for Adam, `beta_2`.

    Args:
        config: The config.
        key: The entry, such as "model_args.r1_gamma".
        start: The value at step 0.
        end: The value from `steps` on.
        steps: Train steps, which stay the same when a run is given more of them.

    Example:
        >>> config = noise_to_image_config("r3gan")
        >>> set_cosine(config, "model_args.r1_gamma", 0.05, 0.005, steps=1000)
        >>> config.model_args.r1_gamma.end
        0.005
    """
    group, _, name = key.rpartition(".")
    with config.ignore_type():
        config[group][name] = ConfigDict({"start": start, "end": end, "steps": steps})


def _of_games() -> dict[str, Any]:
    """Returns the arguments that all games take."""
    return {
        "ema_half_life": placeholder(float),
        "ema_ramp_up": 0.05,
        "skip_discriminator_above": placeholder(float),
    }


def _from_noise() -> dict[str, Any]:
    """Returns the arguments that games from noise take besides their sizes."""
    return {
        "latent_distribution": "normal",
        "packing": 1,
        "r1_gamma": 0.0,
        "r1_every": 1,
        "r2_gamma": 0.0,
        "diff_augment": (),
        "augment_probability": placeholder(float),  # of each of ada_kinds
        "ada_target": placeholder(float),  # adapts that probability; the paper has 0.6
        "ada_kinds": (),  # () for flips, quarter turns, shifts, scales, stretches and colours
        "ada_speed": 500_000.0,  # images in which the probability goes from 0 to 1
        **_of_games(),
    }


def noise_to_image_config(model: str) -> ConfigDict:
    """Returns `run_config` of a game, with the arguments of all noise-to-image models.

    Args:
        model: See `run_config`. Of "r3gan", the penalties are set, without which it is no such
            game: R1 as for CIFAR-10, and R2 as strong unless it is set.
    """
    config = run_config(model, PLAYERS, PLAYERS)
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((32, 32, 3)),
            "latent_dim": 100,
            # Number of the data's classes, which the model is told; None or 0 for none.
            "num_classes": placeholder(int),
            "fake_labels": placeholder(str),  # "shuffled", "real" or "uniform"
            **_from_noise(),
        }
    )
    if model == "r3gan":
        config.model_args.update(r1_gamma=0.05)
        with config.ignore_type():
            config.model_args.r2_gamma = placeholder(float)  # None for that of R1
    return config


def voxels_config(model: str) -> ConfigDict:
    """Returns `noise_to_image_config` for voxels, with how stored ones are read.

    Args:
        model: See `run_config`. Of "gan_3d", the paper's latents and skipped updates are set.
    """
    config = noise_to_image_config(model)
    config.model_args.image_shape = (32, 32, 32, 1)
    if model == "gan_3d":
        config.model_args.latent_dim = 200
        config.model_args.latent_distribution = "uniform"
        config.model_args.skip_discriminator_above = 0.8
        config.model_args.label_smoothing = 0.0
    config.data.source = "voxels/solids"
    with config.unlocked():
        # Axes of arrays and .binvox: "auto", "z_up" or "y_up"; see `data.voxels.VoxelRules`.
        config.data.axes = "auto"
        config.data.threshold = placeholder(float)  # stored values from it up are full
        config.data.crop_to_object = False  # first cut out the smallest box around the object
    return config


def image_to_image_config(model: str) -> ConfigDict:
    """Returns `run_config` of a game, with what all models that translate images share."""
    config = run_config(model, PLAYERS, PLAYERS)
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((256, 256, 3)),
            "channels_b": placeholder(int),  # of domain b; None for those of image_shape
            **_of_games(),
        }
    )
    # How the source holds the two domains: "auto", "two_folders", "side_by_side" or "grey".
    config.data.layout = "auto"
    config.data.direction = "a_to_b"  # or "b_to_a": which domain is called a
    config.data.load_size = placeholder(int)  # resize to this, then crop at random
    config.data.batch_size = 1
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    _add_lpips(config)
    config.train.samples = 8
    return config


def label_to_image_config(model: str) -> ConfigDict:
    """Returns `image_to_image_config` of a game whose domain a can be label maps."""
    config = image_to_image_config(model)
    config.model_args.num_classes = placeholder(int)  # of label maps; None if a is images
    config.model_args.boundaries = True  # show the networks where instances touch
    config.model_args.style_size = 0  # numbers for each instance from an encoder; the paper has 3
    config.encoder = {"name": ""}
    # What the values of label maps mean: "values" are class numbers; or the name of a palette.
    config.data.classes = "values"
    config.data.ignored = placeholder(int)  # the value of pixels of no class
    # Stages before a run of a `local_enhancer`, in the folder `pretraining` of the workdir: steps
    # of the global generator alone at half the size, and steps of the enhancer around it while it
    # is frozen. 0 for none.
    config.pretraining = {"steps": 0, "frozen_steps": 0}
    return config


def super_resolution_config(model: str) -> ConfigDict:
    """Returns `run_config` of a game, with what all models that enlarge images share."""
    config = run_config(model, PLAYERS, PLAYERS)
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((96, 96, 3)),  # of the crops to learn from
            "scale": 4,
            **_of_games(),
        }
    )
    # A first run in the folder `pretraining` of the workdir: the generator alone, on pixels, with
    # the same optimizer except for the learning rate. 0 steps for none.
    config.pretraining = {"steps": 0, "learning_rate": 1e-4}
    config.data.batch_size = 16
    # Another source and split to score on, as whole images; None for the training data.
    config.evaluate.source = placeholder(str)
    config.evaluate.split = placeholder(str)
    config.evaluate.metrics = ("psnr", "ssim")
    _add_lpips(config)
    config.train.samples = 4
    return config


def _add_lpips(config: ConfigDict) -> None:
    """Adds the files of the metric "lpips"; see `metrics.lpips_distance`."""
    config.evaluate.lpips_backbone = placeholder(str)  # torchvision's alexnet or vgg16, a .pth
    # The authors' weights; None for those of the package lpips or the cache, else downloaded.
    config.evaluate.lpips_heads = placeholder(str)


def text_to_image_config(model: str) -> ConfigDict:
    """Returns `run_config` of a game, with what all models that draw texts share."""
    config = run_config(model, PLAYERS, PLAYERS)
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((64, 64, 3)),
            "latent_dim": 100,
            "embedding_dim": 1024,
            "matching_aware": True,
            "interpolation": False,
            "interpolation_weights": (1.0, 1.0),
            "fresh_latents": False,
            "l1_weight": 0.0,
            **_from_noise(),
        }
    )
    # Reads strings; without a vocabulary, a word encoder gets that of the training captions.
    config.text_encoder = {"name": "word_encoder", "vocabulary": ()}
    # What the text encoder is trained with, in a first run in the folder `pretraining` of the
    # workdir; 0 steps for none. Without a name, a small convolutional network.
    config.image_encoder = {"name": ""}
    config.encoder_optimizer = {"name": "adam", "learning_rate": 1e-3}
    config.pretraining = {"steps": 0, "batch_size": 64, "distinct_classes": False}
    config.data.load_size = placeholder(int)  # resize to this, then crop at random
    config.data.num_captions = 1  # per image: one is drawn, several are averaged
    config.data.distinct_classes = False  # every image of a batch has another class
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    config.train.samples = 8
    return config


def joint_embedding_config(model: str) -> ConfigDict:
    """Returns the config of a model that embeds images and their texts together."""
    config = run_config(model, ["text_encoder", "image_encoder"], ["encoder"])
    config.model_args = {"image_shape": any_shape((64, 64, 3)), "embedding_dim": 1024}
    # Reads strings; without a vocabulary, a word encoder gets that of the training captions.
    config.text_encoder = {"name": "word_encoder", "vocabulary": ()}
    config.data.load_size = placeholder(int)  # resize to this, then crop at random
    config.data.distinct_classes = False  # every image of a batch has another class
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    config.evaluate.metrics = ("retrieval",)
    config.train.samples = 8
    return config


def classifier_config(model: str) -> ConfigDict:
    """Returns the config of a model that classifies images."""
    config = run_config(model, ["classifier"], ["classifier"])
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((32, 32, 3)),
            "num_classes": 10,
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
        }
    )
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    config.evaluate.metrics = ("held_out_accuracy",)
    config.train.samples = 8
    return config


def autoencoder_config(model: str, roles: Sequence[str] = ("autoencoder",)) -> ConfigDict:
    """Returns `run_config` of a model that encodes images and decodes codes.

    Args:
        model: As for `run_config`.
        roles: The model's roles; a game has "discriminator" among them.
    """
    game = "discriminator" in roles
    config = run_config(model, ["encoder", "decoder", *["discriminator"] * game], roles)
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((32, 32, 3)),
            "latent_dim": 64,
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
            **(_of_games() if game else {}),
        }
    )
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    config.evaluate.metrics = ("psnr",)
    config.evaluate.draws = 50  # codes of each image, for "iw_bound"
    config.train.samples = 32
    return config


def attribute_to_image_config(model: str) -> ConfigDict:
    """Returns the config of a model that draws images and masks from attributes."""
    config = run_config(model, ["generator"], ["generator"])
    config.model_args = ConfigDict(
        {
            "image_shape": any_shape((32, 32, 3)),
            "mask_weight": 0.1,
            "augmentation": placeholder(float),  # how strong; None for none
            "ema_half_life": placeholder(float),
            "ema_ramp_up": 0.05,
        }
    )
    # What images are drawn from, such as ("shape=circle|star", "angle=degrees", "size=0.1..0.4");
    # () for what the source has.
    config.data.attributes = ()
    config.data.source = "figures/attributes"
    config.evaluate.split = placeholder(str)  # of the source; None for the training data
    config.evaluate.metrics = ("psnr", "mask_iou")
    config.train.samples = 16
    return config


#: The config of each kind of model.
CONFIGS: dict[str, Callable[[str], ConfigDict]] = {
    "noise_to_image": noise_to_image_config,
    "translation": image_to_image_config,
    "label_to_image": label_to_image_config,
    "super_resolution": super_resolution_config,
    "text_to_image": text_to_image_config,
    "joint_embedding": joint_embedding_config,
    "autoencoder": autoencoder_config,
    "classification": classifier_config,
    "attribute_to_image": attribute_to_image_config,
}

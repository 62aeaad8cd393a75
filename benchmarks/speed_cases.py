"""The cases of `benchmarks.speed`: the zoo's models, and the same games as in public examples.

Every contender has the same networks, batches, losses and optimizer (Adam 2e-4, beta1 0.5). None
has the recipes' aids: penalties, packing, averages of weights.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import GANCLS, SRGAN, WGANGP, CycleGAN, Pix2Pix, config, layers, networks
from tfgan_zoo.data import figures
from tfgan_zoo.models import (
    DCGAN,
    DTN,
    GAN,
    MODELS,
    R3GAN,
    SNGAN,
    BigGAN,
    Game,
    Pix2PixHD,
    ZooModel,
)
from tfgan_zoo.run import building

#: Arguments without the recipes' aids.
_AIDS = {
    "packing": 1,
    "r1_gamma": 0.0,
    "r2_gamma": 0.0,
    "ema_half_life": None,
    "label_smoothing": 0.0,
    "margin": None,
}
#: The same for one recipe.
_AIDS_OF = {"gan_cls": {"l1_weight": 0.0}}
#: The roles of networks that train; text encoders are left out.
_PLAYERS = ("generator", "discriminator", "encoder", "decoder")


def recipe(name: str, **generator: Any) -> tuple[ZooModel, int]:
    """Returns a recipe's model, without aids and text encoder, and its batch size.

    Args:
        name: The recipe's name.
        **generator: Options of the generator instead of the recipe's.
    """
    settings = config.load_config(name)
    cls, args = MODELS[settings.model], settings.model_args.to_dict()
    aids = _AIDS | _AIDS_OF.get(name, {})
    args |= {aid: value for aid, value in aids.items() if aid in args}
    if "attributes" in cls.from_data:
        args["attributes"] = figures.DESCRIBED
    if generator:
        settings.generator = settings.generator.to_dict() | generator
    slots = cls.network_arguments(**(building.model_arguments(cls) | args))
    players = {
        slot: building.build_network(settings, role, slot, *shapes)
        for slot, (role, shapes) in slots.items()
        if role in _PLAYERS
    }
    return cls(**players, **args), settings.data.batch_size


def gan_2d() -> GAN:
    """Returns a GAN on points, with three layers of 400 ReLU per player."""
    options = {"units": (400,) * 3, "initializer": "he_uniform"}
    critic = {"maxout_pieces": 0, "input_dropout": 0.0, "dropout": 0.0}
    generator = networks.mlp_generator((2,), 2, **options)
    return GAN((2,), 2, generator, networks.mlp_discriminator((2,), **options, **critic))


def biggan_32() -> BigGAN:
    """Returns a BigGAN with the networks and steps of the authors' script for CIFAR-10."""
    sizes = {"filters": 64, "initializer": "normal"}
    generator = networks.biggan_generator(
        (32, 32, 3), 128, 10, embedding_dim=None, hierarchical=False, **sizes
    )
    discriminator = networks.biggan_discriminator((32, 32, 3), 10, **sizes)
    options = {"discriminator_steps": 4, "orthogonal_weight": 0.0, "ema_half_life": None}
    return BigGAN((32, 32, 3), 128, generator, discriminator, num_classes=10, **options)


def r3gan(name: str, batch: int = 32) -> tuple[R3GAN, int]:
    """Returns a recipe's R3GAN as in the paper: with penalties in every step, on fresh samples."""
    settings = config.load_config(name)
    told = {entry: settings.model_args[entry] for entry in ("image_shape", "latent_dim")}
    classes = settings.model_args.num_classes
    generator = building.build_network(
        settings, "generator", "generator", *told.values(), *([classes] if classes else [])
    )
    discriminator = building.build_network(
        settings,
        "discriminator",
        "discriminator",
        told["image_shape"],
        *([classes, 1] if classes else []),
    )
    options = {"num_classes": classes, "r1_gamma": 0.3}
    return R3GAN(**told, generator=generator, discriminator=discriminator, **options), batch


#: Games without a case on the figures: `gan 2-D` stands for the first, and `dcgan` for the others,
#: whose networks and losses are much the same.
_ELSEWHERE = ("gan", "cgan", "acgan")
#: Recipes of the quick cases.
RECIPES = {
    "wgan_gp 2-D": "wgan_gp_toy",
    **{
        name: name
        for name, cls in MODELS.items()
        if issubclass(cls, Game) and name not in _ELSEWHERE
    },
    "gan_3d resize": "gan_3d",
    "vae": "vae",
    "attribute_to_image": "attribute_to_image",
}

#: By size and name: returns a model and its discriminator's batch size.
CASES: dict[str, dict[str, Callable[[], tuple[ZooModel, int]]]] = {
    "quick": {
        "gan 2-D": lambda: (gan_2d(), 100),
        **{case: partial(recipe, name) for case, name in RECIPES.items()},
        "r3gan": partial(r3gan, "r3gan"),
        "gan_3d resize": partial(recipe, "gan_3d", upsampling="resize"),
    },
    "paper": {
        "dcgan 64": lambda: (DCGAN(), 64),
        "dcgan 64 batch 128": lambda: (DCGAN(), 128),
        "wgan_gp ResNet 32": lambda: (WGANGP((32, 32, 3)), 64),
        # With the papers' batches, 64, 50 and 512, a step takes 20 seconds and more on two cores.
        "sngan 32 batch 16": lambda: (SNGAN((32, 32, 3), num_classes=10), 16),
        "biggan 32 batch 16": lambda: (biggan_32(), 16),
        "r3gan 32 batch 8": partial(r3gan, "r3gan_cifar10", 8),
        "pix2pix 256": lambda: (Pix2Pix((256, 256, 3)), 1),
        "cyclegan 128": lambda: (CycleGAN((128, 128, 3)), 1),
        "cyclegan 256": lambda: (CycleGAN((256, 256, 3)), 1),
        "srgan 96": lambda: (SRGAN((96, 96, 3), content="pixel"), 16),
        "gan_cls 64": lambda: (GANCLS((64, 64, 3)), 64),
    },
}


def threads_per_op(case: str) -> int:
    """Returns the recipe's setting for the zoo's contenders; 0 for TensorFlow's default."""
    recipe = {**RECIPES, "gan 2-D": "wgan_gp_toy"}.get(case)
    return config.load_config(recipe).distribution.threads_per_op if recipe else 0


def adam() -> keras.optimizers.Adam:
    """Returns the optimizer of every player in every case."""
    return keras.optimizers.Adam(2e-4, beta_1=0.5, epsilon=1e-8)


# ---------------------------------------------------------------------- for other frameworks


def weights(model: ZooModel) -> dict[str, Any]:
    """Returns the weights of a model's losses and its number of discriminator steps."""
    names = ["discriminator_steps", "clip", "penalty_weight", "cycle_weight", "identity_weight"]
    names += ["pool_size", "l1_weight", "adversarial_weight", "orthogonal_weight"]
    names += ["sigma", "beta", "gamma", "feature_layer", "objective", "const_weight"]
    names += ["num_scales", "feature_matching", "boundaries", "mask_weight"]
    found = {name: getattr(model, name) for name in names if hasattr(model, name)}
    return found | ({"gamma": model.r1_gamma} if isinstance(model, R3GAN) else {})


def description(model: ZooModel, batch: int) -> dict[str, Any]:
    """Returns a JSON description of the case, for another framework."""
    whole = model.example_batch(batch)
    arrays = [whole[k] for k in whole] if isinstance(whole, dict) else tf.nest.flatten(whole)
    return {
        "game": type(model).__name__,
        "arrays": [[list(a.shape), str(a.dtype)] for a in arrays],
        "latent": getattr(model, "latent_dim", 0),
        "classes": getattr(model, "num_classes", None),
        "uniform": getattr(model, "latent_distribution", "normal") == "uniform",
        "players": {
            role: {network.name: nodes(network) for network in members}
            for role, members in model.roles().items()
        },
        "parameters": {
            role: sum(math.prod(variable.shape) for variable in model.role_variables(role))
            for role in model.roles()
        },
        "features": nodes(features_of(model)) if isinstance(model, DTN) else None,
        "scales": scales_of(model) if isinstance(model, Pix2PixHD) else None,
        **weights(model),
    }


def features_of(model: DTN) -> keras.Model:
    """Returns f without its scaling of images, for images of a known size."""
    *_, network = model.frozen("features").layers
    return keras.models.clone_model(network, input_tensors=keras.Input(model.shape_a))


def scales_of(model: Pix2PixHD) -> list[list[str]]:
    """Returns the names of the discriminator's layers whose outputs are used, by scale."""
    return [
        [tensor._keras_history.operation.name for tensor in scale]
        for scale in model.discriminator.output
    ]


_SETTINGS = {
    "filters",
    "units",
    "pieces",
    "kernel_size",
    "strides",
    "padding",
    "use_bias",
    "activation",
    "epsilon",
    "momentum",
    "groups",
    "scale",
    "offset",
    "rate",
    "cropping",
    "target_shape",
    "size",
    "pool_size",
    "negative_slope",
    "factor",
    "input_dim",
    "output_dim",
    "num_classes",
    "spectral_normalization",
}


def nodes(network: keras.Model) -> list[dict[str, Any]]:
    """Returns descriptions of a network's operations, inputs first."""
    found = []
    given = [tensor._keras_history.operation for tensor in network.inputs]
    for operation in [*given, *(o for o in network._operations if o not in given)]:
        # The node in this network; the layer may also be used elsewhere.
        node = next(n for n in operation._inbound_nodes if _within(n, network))
        shapes = [list(t.shape[1:]) for t in (*node.input_tensors, *node.output_tensors)]
        found.append(
            {
                "name": operation.name,
                "kind": "Model" if isinstance(operation, keras.Model) else type(operation).__name__,
                "inputs": [t._keras_history.operation.name for t in node.input_tensors],
                "settings": _settings(operation, node),
                "channels": [shape[-1] if shape else 1 for shape in shapes],
                "shapes": shapes,
                "nodes": nodes(operation) if isinstance(operation, keras.Model) else None,
            }
        )
    return found


def _settings(operation: Any, node: Any) -> dict[str, Any]:
    """Returns what another framework needs to know of an operation."""
    if isinstance(operation, keras.Model):
        return {}
    if isinstance(operation, layers.SpectralNormalization):
        return {"wrapped": type(operation.layer).__name__, **_settings(operation.layer, node)}
    if type(operation).__name__ == "GetItem":  # columns of a matrix
        _, (_, columns) = node.arguments.args
        return {"start": columns.start, "stop": columns.stop}
    return {k: v for k, v in operation.get_config().items() if k in _SETTINGS}


def _within(node: Any, network: keras.Model) -> bool:
    return all(t._keras_history.operation in network._operations for t in node.input_tensors)


# ---------------------------------------------------------------------- public examples


class Plain(keras.Model):
    """A game as the examples of keras.io and tensorflow.org write it.

    The algorithm is the zoo's, with the same updates in the same order. Losses and optimizers are
    Keras' own, a `keras.metrics.Mean` tracks each loss, and `fit` compiles by Keras' defaults.
    """

    def __init__(self, model: ZooModel):
        super().__init__()
        self.zoo_model = [model]  # A nested list hides its variables from Keras.
        self.networks = [
            [_with_keras_layers(network) for network in members]
            for members in model.roles().values()
        ]
        self.means = [keras.metrics.Mean(name="d_loss"), keras.metrics.Mean(name="g_loss")]
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)
        self.mse, self.mae = keras.losses.MeanSquaredError(), keras.losses.MeanAbsoluteError()
        self.game = getattr(self, type(model).__name__.lower())
        self.settings = {"latent_dim": getattr(model, "latent_dim", None)} | weights(model)
        self.built = True

    def _maybe_symbolic_build(self, *args, **kwargs):
        pass

    def compile(self):
        """Creates one optimizer per network."""
        super().compile(optimizer=None, loss=None)
        self.optimizers = [[adam() for _ in members] for members in self.networks]
        for members, optimizers in zip(self.networks, self.optimizers, strict=True):
            for network, optimizer in zip(members, optimizers, strict=True):
                optimizer.build(network.trainable_variables)

    @property
    def metrics(self):
        """Returns the running means."""
        return self.means

    def train_step(self, data):
        """Runs one step of the game."""
        data = tf.nest.map_structure(_floats, data)
        for mean, loss in zip(self.means, self.game(data), strict=True):
            mean.update_state(loss)
        return {mean.name: mean.result() for mean in self.means}

    def descend(self, tape, loss, role, index=0):
        """Applies one update to one network."""
        weights = self.networks[role][index].trainable_variables
        self.optimizers[role][index].apply_gradients(
            zip(tape.gradient(loss, weights), weights, strict=True)
        )

    def descend_together(self, tape, loss, role):
        """Applies one update to all networks of a role."""
        weights = [network.trainable_variables for network in self.networks[role]]
        for optimizer, members, gradients in zip(
            self.optimizers[role], weights, tape.gradient(loss, weights), strict=True
        ):
            optimizer.apply_gradients(zip(gradients, members, strict=True))

    def two_losses(self, real, fake):
        """Returns the sum of cross entropies of real logits as real and fake logits as fake."""
        return self.bce(tf.ones_like(real), real) + self.bce(tf.zeros_like(fake), fake)

    def dcgan(self, images, loss=None):
        """keras.io/examples/generative/dcgan_overriding_train_step: two passes of G, one of D."""
        loss = loss or self.bce
        (g,), (d,) = self.networks
        shape = (tf.shape(images)[0], self.settings["latent_dim"])
        fake = g(tf.random.normal(shape), training=True)
        both = tf.concat([fake, images], axis=0)
        labels = tf.concat([tf.zeros((shape[0], 1)), tf.ones((shape[0], 1))], axis=0)
        with tf.GradientTape() as tape:
            d_loss = 2.0 * loss(labels, d(both, training=True))
        self.descend(tape, d_loss, 1)
        with tf.GradientTape() as tape:
            logits = d(g(tf.random.normal(shape), training=True), training=True)
            g_loss = loss(tf.ones_like(logits), logits)
        self.descend(tape, g_loss, 0)
        return d_loss, g_loss

    gan = dcgan

    def lsgan(self, images):
        """Like `dcgan`, with labels (a, b, c) = (0, 1, 1)."""
        return self.dcgan(images, lambda labels, scores: 0.5 * self.mse(labels, scores))

    def wgangp(self, images):
        """keras.io/examples/generative/wgan_gp, with new images for each critic step."""
        (g,), (d,) = self.networks
        steps = self.settings["discriminator_steps"]
        for real in tf.split(images, steps):
            count = tf.shape(real)[0]
            z = tf.random.normal((count, self.settings["latent_dim"]))
            with tf.GradientTape() as tape:
                fake = g(z, training=True)
                d_loss = tf.reduce_mean(d(fake, training=True))
                d_loss -= tf.reduce_mean(d(real, training=True))
                if "penalty_weight" in self.settings:
                    d_loss += self.settings["penalty_weight"] * self.penalty(d, real, fake)
            self.descend(tape, d_loss, 1)
            if "clip" in self.settings:
                bound = self.settings["clip"]
                for weight in d.trainable_variables:
                    weight.assign(keras.ops.clip(weight, -bound, bound))
        z = tf.random.normal((count, self.settings["latent_dim"]))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(d(g(z, training=True), training=True))
        self.descend(tape, g_loss, 0)
        return d_loss, g_loss

    wgan = wgangp

    def penalty(self, d, real, fake):
        """Returns E[(|dC/dx| - 1)^2] between real and fake samples."""
        alpha = tf.random.uniform([tf.shape(real)[0]] + [1] * (len(real.shape) - 1))
        between = real + alpha * (fake - real)
        with tf.GradientTape() as tape:
            tape.watch(between)
            scores = d(between, training=True)
        slopes = tape.gradient(scores, between)
        squares = tf.reduce_sum(tf.square(slopes), axis=list(range(1, len(real.shape))))
        return tf.reduce_mean((tf.sqrt(squares + 1e-12) - 1.0) ** 2)

    def sngan(self, data):
        """The hinge game, with one pass of D for real samples and fakes together."""
        (g,), (d,), settings = *self.networks, self.settings
        steps = settings["discriminator_steps"]
        hinge = keras.losses.Hinge()
        batches = zip(*(tf.split(data[k], steps) for k in ("image", "label")), strict=True)
        for real, labels in batches:
            asked = tf.random.shuffle(labels)
            noise = tf.random.normal((tf.shape(labels)[0], settings["latent_dim"]))
            fake = g([noise, asked], training=True)
            both = [tf.concat([real, fake], axis=0), tf.concat([labels, asked], axis=0)]
            with tf.GradientTape() as tape:
                right, wrong = tf.split(d(both, training=True), 2)
                d_loss = hinge(tf.ones_like(right), right) + hinge(-tf.ones_like(wrong), wrong)
            self.descend(tape, d_loss, 1)
        asked = tf.random.shuffle(labels)
        with tf.GradientTape() as tape:
            noise = tf.random.normal((tf.shape(labels)[0], settings["latent_dim"]))
            fake = g([noise, asked], training=True)
            g_loss = -tf.reduce_mean(d([fake, asked], training=True))
            total = g_loss
            if settings.get("orthogonal_weight"):
                total += settings["orthogonal_weight"] * self.orthogonality(g)
        self.descend(tape, total, 0)
        return d_loss, g_loss

    biggan = sngan

    def r3gan(self, data):
        """The pairing game, with a penalty at both samples and fresh ones for each update."""
        (g,), (d,), settings = *self.networks, self.settings
        told = "label" in data if isinstance(data, dict) else False
        images = data["image"] if told else data
        shares = [(images[i::2], *([data["label"][i::2]] if told else [])) for i in (0, 1)]

        def fakes(given):
            z = tf.random.normal((tf.shape(shares[0][0])[0], settings["latent_dim"]))
            return g([z, *given] if given else z, training=True)

        def scores(x, given):
            with tf.GradientTape() as tape:
                tape.watch(x)
                logits = d([x, *given] if given else x, training=True)
            slope = tape.gradient(logits, x)
            return logits, tf.reduce_mean(tf.reduce_sum(slope**2, axis=(1, 2, 3)))

        (real, *given), (other, *asked) = shares
        fake = fakes(given)
        with tf.GradientTape() as tape:
            (right, r1), (wrong, r2) = scores(real, given), scores(fake, given)
            d_loss = tf.reduce_mean(tf.nn.softplus(wrong - right))
            total = d_loss + 0.5 * settings["gamma"] * (r1 + r2)
        self.descend(tape, total, 1)
        with tf.GradientTape() as tape:
            fake = fakes(asked)
            wrong, right = (d([x, *asked] if asked else x, training=True) for x in (fake, other))
            g_loss = tf.reduce_mean(tf.nn.softplus(right - wrong))
        self.descend(tape, g_loss, 0)
        return d_loss, g_loss

    def orthogonality(self, network):
        """Returns the sum of |W^T W * (1 - I)|^2 over the network's kernels."""
        total = 0.0
        for kernel in (w for w in network.trainable_variables if w.name == "kernel"):
            matrix = tf.reshape(kernel, (-1, kernel.shape[-1]))
            products = tf.matmul(matrix, matrix, transpose_a=True)
            total += tf.reduce_sum((products * (1.0 - tf.eye(matrix.shape[-1]))) ** 2)
        return total

    def cyclegan(self, data):
        """keras.io/examples/generative/cyclegan, discriminators second; four optimizers."""
        (a, b), ((g, f), (d_a, d_b)) = (data["a"], data["b"]), self.networks
        cycle, identity = self.settings["cycle_weight"], self.settings["identity_weight"]
        with tf.GradientTape() as tape:
            fake_b, fake_a = g(a, training=True), f(b, training=True)
            cycled_a, cycled_b = f(fake_b, training=True), g(fake_a, training=True)
            same_a, same_b = f(a, training=True), g(b, training=True)
            fakes = d_a(fake_a, training=True), d_b(fake_b, training=True)
            # As in the example, a cycle trains both of its generators.
            total = sum(self.mse(tf.ones_like(scores), scores) for scores in fakes)
            total += cycle * (self.mae(a, cycled_a) + self.mae(b, cycled_b))
            total += cycle * identity * (self.mae(a, same_a) + self.mae(b, same_b))
        self.descend_together(tape, total, 0)
        d_losses = []
        for index, (d, real, fake) in enumerate(((d_a, a, fake_a), (d_b, b, fake_b))):
            with tf.GradientTape() as tape:
                right, wrong = d(real, training=True), d(fake, training=True)
                loss = self.mse(tf.ones_like(right), right) + self.mse(tf.zeros_like(wrong), wrong)
                loss *= 0.5
            self.descend(tape, loss, 1, index)
            d_losses.append(loss)
        return sum(d_losses), total

    def pix2pix(self, data):
        """tensorflow.org/tutorials/generative/pix2pix, but with the papers' order of updates.

        One pass of G; then D's step, and G's with the new D. The tutorial updates both at once.
        """
        (a, b), ((g,), (d,)) = (data["a"], data["b"]), self.networks
        with tf.GradientTape() as g_tape:
            fake = g(a, training=True)
        with tf.GradientTape() as d_tape:
            real_logits = d(tf.concat([a, b], axis=-1), training=True)
            d_loss = self.two_losses(real_logits, d(tf.concat([a, fake], axis=-1), training=True))
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            logits = d(tf.concat([a, fake], axis=-1), training=True)
            g_loss = self.bce(tf.ones_like(logits), logits)
            g_loss += self.settings["l1_weight"] * self.mae(b, fake)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def dtn(self, data):
        """Three classes for D; g is told f(x), and f looks at what it makes of the source."""
        (a, b), ((g,), (d,)) = (data["a"], data["b"]), self.networks
        f, settings = self.zoo_model[0].frozen("features"), self.settings
        entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ones = tf.ones(tf.shape(a)[0], tf.int32)
        of_a, of_b = f(a, training=False), f(b, training=False)
        with tf.GradientTape() as g_tape:
            fakes = g(tf.concat([of_a, of_b], axis=0), training=True)
        with tf.GradientTape() as d_tape:
            from_a, from_b = tf.split(d(fakes, training=True), 2)
            d_loss = entropy(0 * ones, from_a) + entropy(ones, from_b)
            d_loss += entropy(2 * ones, d(b, training=True))
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            scores = tf.split(d(fakes, training=True), 2)
            fake_a, fake_b = tf.split(fakes, 2)
            g_loss = tf.add_n([entropy(2 * ones, each) for each in scores])
            g_loss += settings["const_weight"] * self.mse(of_a, f(fake_a, training=False))
            g_loss += settings["identity_weight"] * self.mse(b, fake_b)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def srgan(self, data):
        """Like `pix2pix`."""
        (small, large), ((g,), (d,)) = (data["a"], data["b"]), self.networks
        with tf.GradientTape() as g_tape:
            fake = g((small + 1.0) / 2.0, training=True)
        with tf.GradientTape() as d_tape:
            d_loss = self.two_losses(d(large, training=True), d(fake, training=True))
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            logits = d(fake, training=True)
            g_loss = self.settings["adversarial_weight"] * self.bce(tf.ones_like(logits), logits)
            g_loss += self.mse(large, fake)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def gancls(self, data):
        """Like `pix2pix`."""
        (g,), (d,) = self.networks
        real, text, other = (data[k] for k in ("image", "text", "mismatching_text"))
        z = tf.random.normal((tf.shape(real)[0], self.settings["latent_dim"]))
        with tf.GradientTape() as g_tape:
            fake = g([z, text], training=True)
        with tf.GradientTape() as d_tape:
            right, wrong = d([real, text], training=True), d([real, other], training=True)
            logits = d([fake, text], training=True)
            d_loss = self.bce(tf.ones_like(right), right)
            d_loss += 0.5 * self.bce(tf.zeros_like(wrong), wrong)
            d_loss += 0.5 * self.bce(tf.zeros_like(logits), logits)
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            logits = d([fake, text], training=True)
            g_loss = self.bce(tf.ones_like(logits), logits)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def gan3d(self, data):
        """Like `pix2pix`; the labels of fakes are those of the batch in another order."""
        (g,), (d,) = self.networks
        told = isinstance(data, dict)
        real, given = (data["image"], [data["label"]]) if told else (data, [])
        asked = [tf.random.shuffle(labels) for labels in given]
        z = tf.random.normal((tf.shape(real)[0], self.settings["latent_dim"]))
        with tf.GradientTape() as g_tape:
            fake = g([z, *asked] if told else z, training=True)
        with tf.GradientTape() as d_tape:
            right = d([real, *given] if told else real, training=True)
            wrong = d([fake, *asked] if told else fake, training=True)
            d_loss = self.two_losses(right, wrong)
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            logits = d([fake, *asked] if told else fake, training=True)
            g_loss = self.bce(tf.ones_like(logits), logits)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def pix2pixhd(self, data):
        """The authors' order of updates: each player is judged once, before either moves.

        Least squares at each scale, and feature matching; the encoder learns with the generator.
        """
        makers, (d,) = self.networks
        settings, count = self.settings, self.settings["num_scales"]
        a, b, instances = self.maps(data)
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = self.translated(makers, a, b, instances)
            real_scales = d(tf.concat([a, b], axis=-1), training=True)
            fake_scales = d(tf.concat([a, fake], axis=-1), training=True)
            pairs = list(zip(real_scales, fake_scales, strict=True))
            d_loss = 0.5 * tf.add_n(
                [
                    self.mse(tf.ones_like(real[-1]), real[-1])
                    + self.mse(tf.zeros_like(made[-1]), made[-1])
                    for real, made in pairs
                ]
            )
            g_loss = tf.add_n([self.mse(tf.ones_like(made[-1]), made[-1]) for _, made in pairs])
            if settings["feature_matching"]:
                for real, made in pairs:
                    terms = [
                        self.mae(tf.stop_gradient(wanted), features)
                        for wanted, features in zip(real[:-1], made[:-1], strict=True)
                    ]
                    weight = settings["feature_matching"] * 4.0 / (count * len(terms))
                    g_loss += weight * tf.add_n(terms)
        self.descend_together(g_tape, g_loss, 0)
        self.descend(d_tape, d_loss, 1)
        return d_loss, g_loss

    def maps(self, data):
        """Returns label maps with boundaries, images, and instances; or pairs of images."""
        if "a" in data:
            return data["a"], data["b"], None
        labels, instances = data["label"], data.get("instance")
        a = tf.one_hot(labels, self.zoo_model[0].num_classes)
        if self.settings["boundaries"]:
            down = instances[:, 1:] != instances[:, :-1]
            right = instances[:, :, 1:] != instances[:, :, :-1]
            edges = tf.pad(down, [(0, 0), (1, 0), (0, 0)]) | tf.pad(down, [(0, 0), (0, 1), (0, 0)])
            edges |= tf.pad(right, [(0, 0), (0, 0), (1, 0)])
            edges |= tf.pad(right, [(0, 0), (0, 0), (0, 1)])
            a = tf.concat([a, tf.cast(edges, tf.float32)[..., None]], axis=-1)
        return a, data["image"], instances

    def translated(self, makers, a, b, instances):
        """Returns what the generator makes of a, and of the encoder's means over instances."""
        generator, *encoders = makers
        for encoder in encoders:
            styles = encoder(b, training=True)
            count = tf.reduce_max(instances) + 1
            samples = tf.range(tf.shape(instances)[0])[:, None, None]
            index = tf.reshape(samples * count + instances, [-1])
            flat = tf.reshape(styles, [-1, styles.shape[-1]])
            means = tf.math.unsorted_segment_mean(flat, index, count * tf.shape(instances)[0])
            a = tf.concat([a, tf.reshape(tf.gather(means, index), tf.shape(styles))], axis=-1)
        return generator(a, training=True)

    def attributetoimage(self, data):
        """Squared errors of image and mask, summed over their values; there is no opponent."""
        ((g,),) = self.networks
        images, masks = ((data[name] + 1.0) / 2.0 for name in ("image", "mask"))
        with tf.GradientTape() as tape:
            made = g(data["attributes"], training=True)
            image_errors = tf.square((made[..., :-1] + 1.0) / 2.0 - images * masks)
            mask_errors = tf.square(made[..., -1:] - masks)
            image_loss, mask_loss = (
                tf.reduce_mean(tf.reduce_sum(errors, axis=(1, 2, 3)))
                for errors in (image_errors, mask_errors)
            )
            loss = image_loss + self.settings["mask_weight"] * mask_loss
        self.descend(tape, loss, 0)
        return image_loss, mask_loss

    def relativisticgan(self, images):
        """Like `pix2pix`."""
        (g,), (d,) = self.networks
        z = tf.random.normal((tf.shape(images)[0], self.settings["latent_dim"]))
        with tf.GradientTape() as g_tape:
            generated = g(z, training=True)
        with tf.GradientTape() as d_tape:
            real, fake = d(images, training=True), d(generated, training=True)
            d_loss = self.bce(tf.ones_like(real), real - fake)
        self.descend(d_tape, d_loss, 1)
        with g_tape:
            real, fake = d(images, training=True), d(generated, training=True)
            g_loss = self.bce(tf.ones_like(fake), fake - real)
        self.descend(g_tape, g_loss, 0)
        return d_loss, g_loss

    def vae(self, images):
        """keras.io/examples/generative/vae, but with the paper's sums over pixels and codes."""
        ((encoder, decoder),), settings = self.networks, self.settings
        with tf.GradientTape() as tape:
            mean, log_variance, codes = self.encode(encoder, images)
            squares = tf.square((images - decoder(codes, training=True)) / settings["sigma"])
            error = tf.reduce_mean(0.5 * tf.reduce_sum(squares, axis=(1, 2, 3)))
            kl = self.divergence(mean, log_variance)
            loss = error + settings["beta"] * kl
        self.descend_together(tape, loss, 0)
        return error, kl

    def encode(self, encoder, images):
        """Returns means, log-variances and codes drawn from them."""
        mean, log_variance = tf.split(encoder(images, training=True), 2, axis=1)
        return (
            mean,
            log_variance,
            mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean)),
        )

    def divergence(self, mean, log_variance):
        """Returns KL(N(m, s^2) || N(0, I))."""
        terms = tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance
        return 0.5 * tf.reduce_mean(tf.reduce_sum(terms, axis=1))

    def vaegan(self, images):
        """The discriminator's step, the decoder's, the encoder's; each judges again."""
        (encoder,), (decoder,), (d,) = self.networks
        gamma, saturating = self.settings["gamma"], self.settings["objective"] == "minimax"
        features = d.get_layer(self.settings["feature_layer"]).output
        judge = keras.Model(d.inputs, [features, d.output])
        prior = tf.random.normal((tf.shape(images)[0], self.settings["latent_dim"]))

        def judged(*made):
            features, logits = judge(tf.concat([images, *made], axis=0), training=True)
            real, again, *_ = tf.split(features, 1 + len(made))
            squares = tf.reduce_sum(tf.square(real - again), axis=(1, 2, 3))
            return 0.5 * tf.reduce_mean(squares), tf.split(logits, 1 + len(made))

        with tf.GradientTape() as e_tape:
            mean, log_variance, codes = self.encode(encoder, images)
        with tf.GradientTape() as g_tape:
            fakes = tf.split(decoder(tf.concat([codes, prior], axis=0), training=True), 2)
        with tf.GradientTape() as d_tape:
            _, (real, *made) = judged(*fakes)
            fake_loss = tf.add_n([self.bce(tf.zeros_like(each), each) for each in made])
            d_loss = self.bce(tf.ones_like(real), real) + 0.5 * fake_loss
        self.descend(d_tape, d_loss, 2)
        with g_tape:
            error, (_, *made) = judged(*fakes)
            if saturating:
                adversarial = -tf.add_n([self.bce(tf.zeros_like(each), each) for each in made])
            else:
                adversarial = tf.add_n([self.bce(tf.ones_like(each), each) for each in made])
            g_loss = gamma * error + (1.0 - gamma) * adversarial
        self.descend(g_tape, g_loss, 1)
        with e_tape:
            error, _ = judged(decoder(codes, training=True))
            loss = error + self.settings["beta"] * self.divergence(mean, log_variance)
        self.descend(e_tape, loss, 0)
        return d_loss, g_loss


def _floats(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(images, tf.float32) / 127.5 - 1.0 if images.dtype == tf.uint8 else images


class _ConditionalNormalization(keras.layers.Layer):
    """Conditional batch normalisation of Keras' own layers, told a class or a vector."""

    def __init__(self, num_classes, momentum, epsilon, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.normalization = keras.layers.BatchNormalization(
            momentum=momentum, epsilon=epsilon, scale=False, center=False
        )

    def build(self, shapes):
        """Builds scale and offset."""
        channels = shapes[0][-1]
        self.normalization.build(shapes[0])
        self.maps = [self._map(channels) for _ in range(2)]
        for each in self.maps:
            each.build(shapes[1])

    def _map(self, channels):
        if self.num_classes is not None:
            return keras.layers.Embedding(
                self.num_classes, channels, embeddings_initializer="zeros"
            )
        return keras.layers.SpectralNormalization(keras.layers.Dense(channels, use_bias=False))

    def call(self, inputs, training=False):
        """Normalises features."""
        x, condition = inputs
        shape = (-1, *[1] * (len(x.shape) - 2), x.shape[-1])
        gain, bias = (tf.reshape(each(condition), shape) for each in self.maps)
        return self.normalization(x, training=training) * (1.0 + gain) + bias


def _with_keras_layers(network: keras.Model) -> keras.Model:
    """Returns the network with Keras' layers instead of the zoo's, where Keras has the like.

    Keras' spectral normalisation is another algorithm: it moves its vectors and assigns W / sigma
    in every call with `training=True`, and its gradient does not go through sigma. It does not
    know embeddings, which stay as they are.
    """

    def replaced(layer):
        settings = layer.get_config()
        if isinstance(layer, layers.SpectralNormalization):
            inner = replaced(layer.layer)
            if isinstance(inner, keras.layers.Embedding):
                return inner
            return keras.layers.SpectralNormalization(inner, name=layer.name)
        if isinstance(layer, layers.ClassEmbedding):
            return keras.layers.Embedding.from_config(settings)
        if isinstance(layer, layers.GroupedConv2D):
            return keras.layers.Conv2D.from_config(settings)
        if isinstance(layer, layers.ConditionalBatchNormalization):
            return _ConditionalNormalization(
                layer.num_classes, layer.momentum, layer.epsilon, name=layer.name
            )
        if isinstance(layer, layers.BatchNormalization):
            settings.pop("inference", None)
            return keras.layers.BatchNormalization.from_config(settings)
        for kind in ("GroupNormalization", "LeakyReLU", "ReLU"):
            if isinstance(layer, getattr(layers, kind)):
                return getattr(keras.layers, kind).from_config(settings)
        return type(layer).from_config(settings)

    return keras.models.clone_model(network, clone_function=replaced, recursive=True)

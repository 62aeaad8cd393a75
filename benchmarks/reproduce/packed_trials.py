"""Several trials of PacGAN's experiment on points, side by side in one graph.

For the game itself, read `tfgan_zoo.GAN(packing=m)`. This is the same arithmetic for small networks
and very many steps: every weight has a leading axis of trials, backpropagation is written out, and
one call runs thousands of steps. A test compares an update with the zoo's.

For these networks, one forward and one backward pass of the discriminator serve both players, which
are updated simultaneously. The gradients of their losses at a fake differ by a factor, so the score
itself is backpropagated once and scaled by each loss' derivative.

On a CPU, TensorFlow's own kernels are best for matrix products; XLA fuses the element-wise
operations between them.
"""

import itertools
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_zoo import atomic
from tfgan_zoo.data.points import Mixture

PIECES, EPSILON = 5, 1e-5
#: Number of noise vectors for batch normalisation's statistics, before samples are drawn.
STATISTICS_OF = 10_000
RATE, BETA_1, BETA_2, ADAM_EPSILON = 1e-4, 0.8, 0.999, 1e-8
#: How much moving statistics keep in a step.
MOMENTUM = 0.9


class PackedTrials:
    """Trials of a GAN whose discriminator judges `packing` points together.

    Lin et al. 2018, https://arxiv.org/abs/1712.04086, section 4.1: z of 2 normal numbers; G with
    four layers of 400 batch-normalised rectifiers; D with three layers of 200 maxout units of 5
    pieces; weights N(0, 0.02); Adam 1e-4 with beta1 0.8; the non-saturating game; simultaneous
    updates. New data are drawn from the mixture at every step, where the paper has 100,000 points.

    Args:
        mixture: The data.
        packing: m.
        trials: Number of independent trials.
        seed: Seed of weights, data and noise.
        batch_size: Packs per batch.
        units: Widths of G's and of D's layers.
        depths: Numbers of G's and of D's layers.
        points: Number of points that are drawn once, of which every step takes some with
            replacement; 0 for new points in every step.
        epsilon: Batch normalisation's.
        beta_1: Adam's.
        moving: Whether to keep batch normalisation's moving mean and moving standard deviation of
            training, for `sample(moving=True)`.
        jit_compile: Whether to compile the whole loop with XLA, which is slower on a CPU.
    """

    def __init__(
        self,
        mixture: Mixture,
        packing: int,
        trials: int,
        *,
        seed: int = 0,
        batch_size: int = 100,
        units: tuple[int, int] = (400, 200),
        depths: tuple[int, int] = (4, 3),
        points: int = 0,
        epsilon: float = EPSILON,
        beta_1: float = BETA_1,
        moving: bool = False,
        jit_compile: bool = False,
    ):
        self.mixture, self.packing, self.trials = mixture, packing, trials
        self.seed, self.batch_size = seed, batch_size
        self.epsilon, self.beta_1 = epsilon, beta_1
        drawn = mixture.sample(points, np.random.default_rng([seed, points])) if points else None
        self.points = None if drawn is None else tf.constant(drawn)
        rng = np.random.default_rng([seed, packing])

        def normal(*shape: int) -> tf.Variable:
            return tf.Variable(rng.normal(0, 0.02, (trials, *shape)).astype(np.float32))

        def constant(value: float, *shape: int) -> tf.Variable:
            return tf.Variable(tf.fill((trials, *shape), value))

        (wide, broad), (deep, tall) = units, depths
        sides = [2] + [wide] * deep
        #: Kernel, gamma and beta of hidden layers; kernel and bias of the last.
        self.generator = [
            (normal(a, b), constant(1.0, 1, b), constant(0.0, 1, b))
            for a, b in itertools.pairwise(sides)
        ] + [(normal(wide, 2), constant(0.0, 1, 2))]
        sides = [2 * packing] + [broad] * tall
        #: Kernel and bias of each layer. Columns of hidden kernels are ordered (piece, unit).
        self.discriminator = [
            (normal(a, PIECES * b), constant(0.0, 1, PIECES * b))
            for a, b in itertools.pairwise(sides)
        ] + [(normal(broad, 1), constant(0.0, 1, 1))]
        self.weights = [w for layer in self.generator + self.discriminator for w in layer]
        self.moments = [tuple(tf.Variable(tf.zeros_like(w)) for _ in "mv") for w in self.weights]
        #: Moving mean and moving standard deviation of G's hidden layers, if they are kept.
        self.moving = [
            (constant(0.0, 1, wide), constant(1.0, 1, wide)) for _ in range(deep if moving else 0)
        ]
        self.step = tf.Variable(0, dtype=tf.int64)
        self._run = tf.function(self._loop, jit_compile=jit_compile, autograph=False)

    # ------------------------------------------------------------------ training

    def run(self, steps: int) -> None:
        """Runs this many steps in one call."""
        self._run(tf.constant(steps, tf.int64))

    def _loop(self, steps: tf.Tensor) -> None:
        end = self.step + steps

        def body(step: tf.Tensor) -> tuple[tf.Tensor]:
            self.update(self._real(step), self._normal(step, 2), step)
            return (step + 1,)

        tf.while_loop(lambda step: step < end, body, (self.step.read_value(),))
        self.step.assign(end)

    def sample(self, num: int, moving: bool = False) -> np.ndarray:
        """Draws points from every trial's G.

        Batch normalisation's statistics come from the current G and new noise, as in the authors'
        code; the moving averages of training lag behind G.

        Args:
            num: Number of points of each trial.
            moving: Whether to use the moving averages all the same.

        Returns:
            Points `[trials, num, 2]`, float32, from the same noise each time.
        """
        noise, x = (
            tf.random.stateless_normal([self.trials, n, 2], [self.seed * 8 + k, 0], alg="philox")
            for n, k in ((STATISTICS_OF, 4), (num, 3))
        )
        for i, (kernel, gamma, beta) in enumerate(self.generator[:-1]):
            y, x = tf.matmul(noise, kernel), tf.matmul(x, kernel)
            if moving:
                mean, deviation = self.moving[i]
                scale = gamma / deviation
            else:
                mean, variance = tf.nn.moments(y, 1, keepdims=True)
                scale = gamma * tf.math.rsqrt(variance + self.epsilon)
            noise, x = (tf.nn.relu((v - mean) * scale + beta) for v in (y, x))
        kernel, bias = self.generator[-1]
        return (tf.matmul(x, kernel) + bias).numpy()

    # ------------------------------------------------------------------ states

    def state(self) -> list[tf.Variable]:
        """Returns all variables that training resumes from."""
        moments = [v for pair in self.moments for v in pair]
        return [self.step, *self.weights, *moments, *itertools.chain(*self.moving)]

    def save(self, path: Path) -> None:
        """Saves the state, completely or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.open_replacing(path) as file:
            np.savez(file, *(v.numpy() for v in self.state()))

    def restore(self, path: Path) -> None:
        """Restores a saved state."""
        with np.load(path) as saved:
            for i, variable in enumerate(self.state()):
                variable.assign(saved[f"arr_{i}"])

    # ------------------------------------------------------------------ a step

    def _seed(self, step: tf.Tensor, purpose: int) -> tf.Tensor:
        return tf.stack([tf.constant(self.seed * 8 + purpose, tf.int64), step])

    def _normal(self, step: tf.Tensor, purpose: int) -> tf.Tensor:
        shape = [self.trials, self.batch_size * self.packing, 2]
        return tf.random.stateless_normal(shape, self._seed(step, purpose), alg="philox")

    def _real(self, step: tf.Tensor) -> tf.Tensor:
        of = self.mixture.centres if self.points is None else self.points
        rows = tf.random.stateless_uniform(
            [self.trials, self.batch_size * self.packing],
            self._seed(step, 0),
            0,
            len(of),
            tf.int32,
            alg="philox",
        )
        drawn = tf.gather(of, rows)
        return drawn + self.mixture.sigma * self._normal(step, 1) if self.points is None else drawn

    def update(self, real: tf.Tensor, z: tf.Tensor, step: tf.Tensor) -> None:
        """Updates both players once.

        Args:
            real: Points `[trials, batch_size * packing, 2]`.
            z: Noise of the same shape.
            step: Number of earlier steps, int64.
        """
        fake, kept = self._generate(z)
        self._keep(kept)
        packs = [self.trials, self.batch_size, 2 * self.packing]
        seen = tf.concat([tf.reshape(real, packs), tf.reshape(fake, packs)], axis=1)
        d_gradients, into_fakes = self._judge(seen)
        g_gradients = self._back(tf.reshape(into_fakes, fake.shape), kept)
        self._adam(g_gradients + d_gradients, tf.cast(step + 1, tf.float32))

    def _generate(self, z):
        x, kept = z, []
        for kernel, gamma, beta in self.generator[:-1]:
            out, normal, inverse, mean = _normalise(
                tf.matmul(x, kernel), gamma.read_value(), beta.read_value(), self.epsilon
            )
            kept.append((x, normal, inverse, out, mean))
            x = out
        kernel, bias = self.generator[-1]
        return tf.matmul(x, kernel) + bias, kept

    def _keep(self, kept):
        """Moves the moving statistics, if there are any."""
        for means, (_, _, inverse, _, mean) in zip(self.moving, kept, strict=False):
            for moving, value in zip(means, (mean, 1.0 / inverse), strict=True):
                moving.assign(MOMENTUM * moving + (1.0 - MOMENTUM) * value)

    def _back(self, gradient, kept):
        """Returns the gradients of G's weights, given the gradient with respect to fakes."""
        kernel, _ = self.generator[-1]
        out = kept[-1][3]
        found = [tf.matmul(out, gradient, transpose_a=True), tf.reduce_sum(gradient, 1, True)]
        gradient = tf.matmul(gradient, kernel, transpose_b=True)
        for (kernel, gamma, _), (x, normal, inverse, out, _) in zip(
            self.generator[-2::-1], kept[::-1], strict=True
        ):
            gradient, into_gamma, into_beta = _back_through_normalise(
                gradient, gamma.read_value(), normal, inverse, out
            )
            found[:0] = [tf.matmul(x, gradient, transpose_a=True), into_gamma, into_beta]
            if kernel is not self.generator[0][0]:
                gradient = tf.matmul(gradient, kernel, transpose_b=True)
        return found

    def _judge(self, seen):
        """Returns the gradients of D's loss for D's weights and of G's loss for the fakes."""
        x, inputs, masks = seen, [], []
        for kernel, bias in self.discriminator[:-1]:
            inputs.append(x)
            x, mask = _maxout(tf.matmul(x, kernel), bias.read_value())
            masks.append(mask)
        kernel, bias = self.discriminator[-1]
        score = tf.matmul(x, kernel) + bias
        n = float(self.batch_size)
        real, fake = tf.split(score, 2, axis=1)
        # Derivatives of softplus(-real) + softplus(fake), and of softplus(-fake).
        factor = tf.concat([-tf.sigmoid(-real), tf.sigmoid(fake)], axis=1) / n
        found = [tf.matmul(x, factor, transpose_a=True), tf.reduce_sum(factor, 1, True)]
        gradient = tf.tile(tf.transpose(kernel, [0, 2, 1]), [1, seen.shape[1], 1])
        for (kernel, _), x, mask in zip(
            self.discriminator[-2::-1], inputs[::-1], masks[::-1], strict=True
        ):
            gradient = _back_through_maxout(gradient, mask)
            found[:0] = [
                tf.matmul(x * factor, gradient, transpose_a=True),
                tf.matmul(factor, gradient, transpose_a=True),
            ]
            if x is seen:
                gradient = gradient[:, self.batch_size :]
            gradient = tf.matmul(gradient, kernel, transpose_b=True)
        return found, gradient * (-tf.sigmoid(-fake) / n)

    def _adam(self, gradients, t):
        for w, (m, v), g in zip(self.weights, self.moments, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=w.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=self.beta_1**t,
                beta2_power=BETA_2**t,
                lr=RATE,
                beta1=self.beta_1,
                beta2=BETA_2,
                epsilon=ADAM_EPSILON,
                grad=g,
            )


@tf.function(jit_compile=True, autograph=False)
def _normalise(y, gamma, beta, epsilon):
    """Returns the rectified output, what its gradient needs, and the mean."""
    mean = tf.reduce_mean(y, axis=1, keepdims=True)
    centred = y - mean
    inverse = tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axis=1, keepdims=True) + epsilon)
    normal = centred * inverse
    return tf.nn.relu(normal * gamma + beta), normal, inverse, mean


@tf.function(jit_compile=True, autograph=False)
def _back_through_normalise(gradient, gamma, normal, inverse, out):
    """Returns the gradients with respect to the input, gamma and beta."""
    gradient = tf.where(out > 0, gradient, 0.0)
    into_beta = tf.reduce_sum(gradient, axis=1, keepdims=True)
    into_gamma = tf.reduce_sum(gradient * normal, axis=1, keepdims=True)
    correction = (into_beta + normal * into_gamma) / float(normal.shape[1])
    return gamma * inverse * (gradient - correction), into_gamma, into_beta


@tf.function(jit_compile=True, autograph=False)
def _maxout(y, bias):
    """Returns the largest piece of each unit and its mask."""
    y += bias
    pieces = tf.reshape(y, [*y.shape[:2], PIECES, y.shape[-1] // PIECES])
    largest = tf.reduce_max(pieces, axis=2, keepdims=True)
    return tf.squeeze(largest, 2), tf.equal(pieces, largest)


@tf.function(jit_compile=True, autograph=False)
def _back_through_maxout(gradient, mask):
    """Returns the gradient with respect to the pieces."""
    spread = tf.where(mask, gradient[:, :, None], 0.0)
    return tf.reshape(spread, [*gradient.shape[:2], PIECES * gradient.shape[-1]])

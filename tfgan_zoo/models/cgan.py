"""The first conditional GAN."""

from collections.abc import Sequence

import keras

from tfgan_zoo import networks
from tfgan_zoo.models.gan import GAN


@keras.saving.register_keras_serializable("tfgan_zoo")
class CGAN(GAN):
    """Conditional generative adversarial nets. Mirza and Osindero 2014, arXiv 1411.1784.

    The first GAN's game, with both players told the class y, https://arxiv.org/abs/1411.1784:

        E[log D(x | y)] + E[log(1 - D(G(z | y) | y))].

    y enters both networks beside their other input. Labels of fakes are those of the real batch in
    another order: see `NoiseToImage`.

    The authors published no code known to us. Departures from the paper:

    - The generator maximises E[log D(G(z | y) | y)]; `objective="minimax"` is the paper's game.
    - z is uniform in [-1, 1], the paper's in the unit cube [0, 1].
    - The generator ends in a tanh, for pixels in [-1, 1], where the paper's sigmoid makes pixels in
      [0, 1].
    - The paper's learning rate falls by a factor of 1.00004 at each update to 1e-6, and its
      momentum grows from 0.5 to 0.7. Here both are constant.

    Args:
        image_shape: (height, width, channels), or the shape of points or voxels.
        latent_dim: Length of z.
        generator: None for the paper's network; see `networks.cgan_generator`.
        discriminator: None for the paper's network; see `networks.cgan_discriminator`.
        num_classes: Number of classes.
        **kwargs: The objective, steps of the discriminator, label smoothing and the distribution of
            z: see `GAN`. Class names, packing, penalties, averaging and seed: see `NoiseToImage`.

    Example:
        >>> model = tfgan_zoo.CGAN(image_shape=(28, 28, 1), num_classes=10)
        >>> model.compile()
        >>> model.fit(images, labels, batch_size=100, epochs=10)
        >>> threes = model.generate(16, label=3)
    """

    needs_classes = True

    def __init__(
        self,
        image_shape: Sequence[int] = (28, 28, 1),
        latent_dim: int = 100,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        *,
        num_classes: int = 10,
        **kwargs,
    ):
        super().__init__(
            image_shape, latent_dim, generator, discriminator, num_classes=num_classes, **kwargs
        )

    def default_generator(self, image_shape: tuple[int, ...], latent_dim: int) -> keras.Model:
        """Returns the paper's network for MNIST."""
        return networks.cgan_generator(image_shape, latent_dim, self.num_classes or 0)

    def default_discriminator(self, image_shape: tuple[int, ...]) -> keras.Model:
        """Returns the paper's network for MNIST."""
        return networks.cgan_discriminator(image_shape, self.num_classes or 0, self.packing)

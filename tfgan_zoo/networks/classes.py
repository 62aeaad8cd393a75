"""What the networks of class-conditional games have in common."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from tfgan_zoo.errors import InputError, check_num_classes
from tfgan_zoo.layers import ClassEmbedding, SignNumber
from tfgan_zoo.networks.common import check_positive

#: More are never seen often enough to be learned.
_MOST_BITS = 12


def check_classes(num_classes: int | None, packing: int = 1) -> int | None:
    """Checks what a network is told of classes, and returns their number; None if there are none.

    Args:
        num_classes: See `errors.check_num_classes`.
        packing: Samples in a pack.

    Raises:
        InputError: If either is out of range.
    """
    check_positive(packing=packing)
    return check_num_classes(num_classes)


def join_class(
    noise: Any, num_classes: int | None, embedding_dim: int
) -> tuple[Any, Any, Any | None]:
    """Joins an embedding of the class to a generator's noise.

    Everything that depends on the class follows from this embedding, N(0, 1) at the start like the
    noise, so that mixtures of classes are mixtures of rows.

    Args:
        noise: The network's input, `[B, latent_dim]`.
        num_classes: Number of classes; None for a network without.
        embedding_dim: Length of the embedding.

    Returns:
        The network's inputs, the code `[B, latent_dim + embedding_dim]`, and the embedding; without
        classes, the noise twice and None.
    """
    if num_classes is None:
        return noise, noise, None
    check_positive(embedding_dim=embedding_dim)
    label = keras.Input((), dtype="int32", name="label")
    embedded = ClassEmbedding(
        num_classes,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        name="class_embedding",
    )(label)
    return [noise, label], layers.Concatenate(name="noise_and_class")([noise, embedded]), embedded


def mix_codes(noise: Any, mixture_bits: int, embedding_dim: int) -> Any:
    """Lets the signs of a generator's first numbers of noise choose a learned vector.

    The generator's code is then a mixture of 2^mixture_bits distributions instead of a single one.
    A continuous function of one distribution has images between the modes of the data.

    Args:
        noise: The network's input, `[B, latent_dim]`, symmetric about 0.
        mixture_bits: How many numbers choose; 0 for none.
        embedding_dim: Length of the vectors, N(0, 1) at the start like the noise.

    Returns:
        The other numbers and the vector, `[B, latent_dim - mixture_bits + embedding_dim]`; with 0
        bits the noise.

    Raises:
        InputError: If `mixture_bits` is out of range, or leaves no other number.
    """
    most = min(noise.shape[-1] - 1, _MOST_BITS)
    is_whole = isinstance(mixture_bits, int) and not isinstance(mixture_bits, bool)
    if not (is_whole and 0 <= mixture_bits <= most):
        raise InputError(
            f"mixture_bits: expected an integer from 0 to {most} with latent_dim="
            f"{noise.shape[-1]}, got {mixture_bits!r}."
        )
    if not mixture_bits:
        return noise
    check_positive(embedding_dim=embedding_dim)
    chosen = ClassEmbedding(
        2**mixture_bits,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        name="mixture_embedding",
    )(SignNumber(name="mixture_number")(noise[:, :mixture_bits]))
    return layers.Concatenate(name="mixture")([noise[:, mixture_bits:], chosen])


def judge(
    inputs: Any,
    features: Any,
    num_classes: int | None,
    packing: int,
    initializer: Callable[[], Any],
    wrap: Callable[[keras.layers.Layer], keras.layers.Layer] = lambda layer: layer,
    use_bias: bool = True,
) -> tuple[Any, Any]:
    """Adds the last layer of a discriminator, or the projection of one that is told classes.

    The projection is w.phi + <e_y, phi> (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637),
    phi the features. Of packed samples, each place in the pack has a table of its own.

    Args:
        inputs: The network's input, `[B, *image_shape]`.
        features: Phi, `[B, D]`.
        num_classes: Number of classes; None for a network without.
        packing: Samples in a pack.
        initializer: Returns the initializer of w, or of a table.
        wrap: Returns a layer that is used instead of w's, or of a table's.
        use_bias: Whether the last layer has a bias.

    Returns:
        The network's inputs, with the label if there are classes, and float32 logits `[B, 1]`.
    """
    last = layers.Dense(
        1, use_bias=use_bias, kernel_initializer=initializer(), dtype="float32", name="logits"
    )
    logits = wrap(last)(features)
    if num_classes is None:
        return inputs, logits
    label = keras.Input((packing,) if packing > 1 else (), dtype="int32", name="label")
    scores = [logits]
    for i in range(packing):
        name = "class_embedding" if packing == 1 else f"class_embedding_{i + 1}"
        own = label if packing == 1 else label[:, i]
        table = ClassEmbedding(
            num_classes,
            features.shape[-1],
            embeddings_initializer=initializer(),
            name=name,
        )
        embedded = wrap(table)(own)
        scores.append(
            layers.Dot(1, dtype="float32", name=name.replace("embedding", "score"))(
                [features, embedded]
            )
        )
    return [inputs, label], layers.Add(dtype="float32", name="judgement")(scores)

"""Random numbers that depend on where they are used, not on earlier draws.

A draw depends on (seed, purpose, step) and on the row it fills, and on nothing else. Training that
resumes at step 1,000 draws the same numbers as uninterrupted training, and N replicas together draw
the rows that one device draws for the same global batch. XLA is the exception: code compiled with
`jit_compile=True` draws other numbers from the same key, except for whole numbers (`integers`,
`shuffle`), which are the same everywhere.

Example:
    >>> key = noise.key(0, "latents", step)
    >>> z = noise.normal(key, (64, 100))
"""

import hashlib
from collections.abc import Callable

import tensorflow as tf


def key(*parts: int | str | tf.Tensor) -> tf.Tensor:
    """Returns the seed of one draw, int64 of shape (2,).

    Args:
        *parts: Everything the draw depends on: any number of ints and strings, and at most one
            integer tensor (or variable), the step.

    Returns:
        A seed for `uniform` and `normal`. Different parts give unrelated numbers.
    """
    static = [part for part in parts if isinstance(part, (int, str))]
    dynamic = [part for part in parts if not isinstance(part, (int, str))]
    if len(dynamic) > 1:
        raise ValueError(f"key() takes at most one tensor, got {len(dynamic)}.")
    digest = hashlib.blake2b(repr(static).encode(), digest_size=8).digest()
    fixed = int.from_bytes(digest, "big", signed=True)
    moving = tf.cast(tf.convert_to_tensor(dynamic[0]) if dynamic else 0, tf.int64)
    return tf.stack([tf.constant(fixed, tf.int64), moving])


def uniform(key: tf.Tensor, shape, minval: float = 0.0, maxval: float = 1.0) -> tf.Tensor:
    """Draws float32 numbers from U[minval, maxval).

    Args:
        key: Seed from `key`.
        shape: Shape for one replica; the first axis counts the replica's own samples.
        minval: Lower bound, inclusive.
        maxval: Upper bound, exclusive.
    """
    return _own_rows(
        lambda s: tf.random.stateless_uniform(s, key, minval, maxval, alg="philox"), shape
    )


def normal(key: tf.Tensor, shape) -> tf.Tensor:
    """Draws float32 numbers from N(0, 1); arguments as for `uniform`.

    Args:
        key: Seed from `key`.
        shape: Shape for one replica.
    """
    return _own_rows(lambda s: tf.random.stateless_normal(s, key, alg="philox"), shape)


def integers(key: tf.Tensor, count: tf.Tensor | int, below: int) -> tf.Tensor:
    """Draws whole numbers from 0 to `below - 1`, all equally likely; XLA draws the same ones.

    Args:
        key: Seed from `key`.
        count: Number of this replica's own rows.
        below: The first number that is not drawn.

    Returns:
        int32 of shape (count,).
    """
    replica = tf.distribute.get_replica_context()
    first = 0 if replica is None else replica.replica_id_in_sync_group * count
    return tf.cast(_bits(key, first + tf.range(count)) % below, tf.int32)


def shuffle(key: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Permutes the class numbers of a batch; XLA permutes alike.

    On several replicas, which have as many each, the rows of all of them are permuted as those of
    one device are, and each replica gets its own part.

    Args:
        key: Seed from `key`.
        labels: Integers below 2**24, shape (rows,).

    Returns:
        Of the same shape and type.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return tf.gather(labels, tf.argsort(_bits(key, tf.range(tf.shape(labels)[0]))))
    rows = tf.shape(labels)[0]
    total, first = rows * replica.num_replicas_in_sync, replica.replica_id_in_sync_group * rows
    # A sum of float32 is what every kind of device and strategy can reduce.
    alone = tf.pad(tf.cast(labels, tf.float32), [[first, total - first - rows]])
    everyones = replica.all_reduce(tf.distribute.ReduceOp.SUM, alone)
    own = tf.argsort(_bits(key, tf.range(total)))[first : first + rows]
    return tf.ensure_shape(tf.cast(tf.gather(everyones, own), labels.dtype), labels.shape)


def derived(key: tf.Tensor, purpose: str) -> tf.Tensor:
    """Returns another key, which follows from a key and a purpose.

    Args:
        key: Seed from `key`.
        purpose: What the other key is for.
    """
    digest = hashlib.blake2b(purpose.encode(), digest_size=8).digest()
    fixed = tf.constant([int.from_bytes(digest, "big", signed=True), 0], tf.int64)
    return tf.bitwise.bitwise_xor(key, fixed)


def _bits(key: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """Returns 62 random bits for each row, int64, by integer arithmetic alone.

    It is SplitMix64's mixing of the row with both numbers of the key (Steele et al. 2014,
    https://doi.org/10.1145/2660193.2660195).
    """
    mixed = _mix(tf.cast(rows, tf.int64) * _signed(0x9E3779B97F4A7C15) + key[0])
    mixed = _mix(tf.bitwise.bitwise_xor(mixed, key[1] * _signed(0xD1B54A32D192ED03)))
    return tf.bitwise.bitwise_and(mixed, tf.constant(2**62 - 1, tf.int64))


def _mix(x: tf.Tensor) -> tf.Tensor:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        # A logical shift to the right, which TensorFlow has for unsigned numbers alone.
        shifted = tf.bitwise.right_shift(x, tf.constant(shift, tf.int64))
        shifted = tf.bitwise.bitwise_and(shifted, tf.constant(2 ** (64 - shift) - 1, tf.int64))
        x = tf.bitwise.bitwise_xor(x, shifted) * _signed(factor)
    return x


def _signed(number: int) -> tf.Tensor:
    return tf.constant(number - 2**64 * (number >= 2**63), tf.int64)


def for_each(seeds: tf.Tensor, purpose: str, draw: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Draws one row per seed: row i depends on the i-th seed alone.

    Args:
        seeds: int64 of shape (rows,).
        purpose: A part of `key`.
        draw: Function of a key that returns one row.

    Returns:
        float32, the stacked rows.
    """

    @tf.function(autograph=False)  # In eager mode, a loop takes a hundred times as long.
    def rows(seeds):
        return tf.map_fn(lambda s: draw(key(purpose, s)), seeds, fn_output_signature=tf.float32)

    return rows(seeds)


def _own_rows(draw: Callable[[tf.Tensor], tf.Tensor], shape) -> tf.Tensor:
    """Draws for the global batch and returns this replica's rows.

    If the last batch does not divide evenly over the replicas, some of its rows coincide.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return draw(shape)
    rows = shape[0]
    others = tf.cast(shape[1:], tf.int32)  # An empty list would be float32.
    whole = tf.concat([[rows * replica.num_replicas_in_sync], others], axis=0)
    first = replica.replica_id_in_sync_group * rows
    own = draw(whole)[first : first + rows]
    own.set_shape(tf.TensorShape(tf.get_static_value(rows)).concatenate(own.shape[1:]))
    return own

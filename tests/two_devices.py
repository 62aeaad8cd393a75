"""Two logical CPUs and a strategy over them. Import it before TensorFlow starts its devices."""

import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
# One for all: several in one process give intermittent errors.
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

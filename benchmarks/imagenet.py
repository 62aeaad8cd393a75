"""Shows what EfficientNet-Lite0, whose features compare images, sees in well-known photographs.

  python -m benchmarks.imagenet --set14=folder:Set14 --set5=folder:Set5

Set14 has a baboon, a monarch, peppers and a zebra, Set5 a toucan, which its authors called "bird".
Each set consists of the files `*_HR.png` of the usual release, in the order of their names; other
files are ignored. Fails unless all five are named. Needs tfgan_zoo[imagenet].
"""

import sys

import numpy as np
from absl import app, flags

from tfgan_zoo import cli

_SET14 = flags.DEFINE_string("set14", None, "A data source.", required=True)
_SET5 = flags.DEFINE_string("set5", None, "A data source.", required=True)

#: Number of each photograph in its set -> number and name of its class in ImageNet.
_SHOWN = {
    "set14": {
        0: (372, "baboon"),
        10: (323, "monarch"),
        11: (945, "bell pepper"),
        13: (340, "zebra"),
    },
    "set5": {1: (96, "toucan")},
}


def main(argv: list[str]) -> None:
    """Prints the network's answer for each photograph."""
    del argv
    cli.quiet_tensorflow()
    from tfgan_zoo.data import Fit, open_source
    from tfgan_zoo.metrics.features import EfficientNetFeatures

    network = EfficientNetFeatures()
    failed = 0
    for name, spec in (("set14", _SET14.value), ("set5", _SET5.value)):
        source = open_source(spec)
        large = [i for i in range(len(source)) if "_HR" in source.name(i)]
        for place, (number, label) in _SHOWN[name].items():
            file = source.name(large[place])
            image = Fit(256, 3)(source.read(large[place]), file)[16:-16, 16:-16]
            _, logits = network(image[np.newaxis])
            shares = np.exp(logits[0] - logits[0].max())
            shares /= shares.sum()
            first = int(shares.argmax())
            failed += first != number
            print(f"{file}: class {first} with {shares[first]:.1%}; {label} is {number}")
    if failed:
        sys.exit(f"{failed} of 5 photographs are not recognised.")


if __name__ == "__main__":
    app.run(main)

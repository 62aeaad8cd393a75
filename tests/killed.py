"""Runs that are repeatedly killed at random; run by test_interruption in a separate process.

Every attempt is a fork of this process, which has imported TensorFlow but not used it. Half of the
attempts are killed when a file of the run is opened, renamed or removed, the others at any time.
"""

import os
import random
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from tests.tiny_runs import (
    assert_same,
    lines,
    saved,
    tiny_attribute_to_image,
    tiny_autoencoder,
    tiny_classifier,
    tiny_conditional,
    tiny_config,
    tiny_joint_embedding,
    tiny_labels,
    tiny_super_resolution,
    tiny_text_to_image,
    tiny_translation,
    tiny_voxels,
)
from tfgan_zoo.models import MODELS
from tfgan_zoo.run import experiment

#: Games that are told classes, and how the labels of their fakes are chosen.
CONDITIONAL = {"cgan": "shuffled", "acgan": "uniform", "sngan": "real", "biggan": "shuffled"}
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.listdir"}


def config_of(name, folder):
    if name == "mixed_float16":
        return tiny_config(folder, convolutional=True, train__precision="mixed_float16")
    exported = {"train__export": "true"}
    if name == "srgan":
        return tiny_super_resolution(folder, **exported)
    if name == "gan_cls":
        return tiny_text_to_image(folder, **exported)
    if name == "joint_embedding":
        return tiny_joint_embedding(folder, **exported)
    if name == "classifier":
        return tiny_classifier(folder, **exported)
    if name == "attribute_to_image":
        return tiny_attribute_to_image(folder, **exported)
    if name in MODELS and MODELS[name].kind == "autoencoder":
        return tiny_autoencoder(folder, name, **exported)
    if name == "pix2pix_hd":  # with a kill in any of three stages
        stages = {"pretraining__steps": "6", "pretraining__frozen_steps": "4"}
        return tiny_labels(folder, **exported, **stages)
    if name == "gan_3d":
        return tiny_voxels(folder, **exported)
    if name in MODELS and MODELS[name].kind == "translation":
        return tiny_translation(folder, name, **exported)
    if name in CONDITIONAL:
        asked = {"model_args__fake_labels": CONDITIONAL[name]}
        return tiny_conditional(folder, name, **exported, **asked)
    config = tiny_config(folder, name, convolutional=True, **exported)
    if name == "wgan_gp":
        with config.unlocked():
            config.discriminator.normalization = "layer"
    return config


def forked(function):
    """Calls a function in a separate process and returns its exit code."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(config, run, at_event=None, after=None):
    """Trains until it is killed at the n-th file event or after some seconds."""
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        if event in EVENTS and str(run) in str(arguments[0]):
            seen += 1
            if seen == at_event:
                os.kill(os.getpid(), signal.SIGKILL)

    if at_event is not None:
        sys.addaudithook(hook)
    else:

        def kill():
            time.sleep(after)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
    experiment.train(config, run, lambda _: None)


def counted(config, run, counts):
    """Trains undisturbed and records the number of file events and seconds."""
    seen = 0

    def hook(event, arguments):
        nonlocal seen
        seen += event in EVENTS and str(run) in str(arguments[0])

    sys.addaudithook(hook)
    start = time.monotonic()
    experiment.train(config, run, lambda _: None)
    counts.write_text(f"{seen} {time.monotonic() - start}")


def check(name, folder, kills, seed):
    folder = folder / name
    folder.mkdir()
    config, draw = config_of(name, folder), random.Random(f"{name} {seed}")
    whole, run = folder / "whole", folder / "run"
    assert forked(lambda: counted(config, whole, folder / "counts")) == 0
    events, seconds = map(float, (folder / "counts").read_text().split())
    ended = []
    for i in range(kills):
        if i % 2:
            when = {"after": draw.uniform(0.3, 1.1) * seconds}
        else:
            when = {"at_event": draw.randint(1, int(events) // 2)}
        ended.append((when, forked(lambda when=when: killed(config, run, **when))))
        assert ended[-1][1] in (0, -signal.SIGKILL), ended
    assert forked(lambda: experiment.train(config, run, lambda _: None)) == 0, ended
    assert any(status for _, status in ended), ended
    assert lines(run) == lines(whole), ended
    last = config.train.steps
    assert_same(saved(run, last), saved(whole, last))
    for part in ("samples/final.png", "result.json"):
        assert (run / part).read_bytes() == (whole / part).read_bytes(), (part, ended)
    hidden = [p.name for p in run.rglob(".*")]
    assert set(hidden) <= {".lock"}, (hidden, ended)
    print(name, *ended, file=sys.stderr)


if __name__ == "__main__":
    names = list(MODELS) + ["mixed_float16"] if sys.argv[2] == "all" else sys.argv[2].split(",")
    seed = sys.argv[4] if len(sys.argv) > 4 else str(random.randrange(10**6))
    print(f"seed {seed}", file=sys.stderr)
    for each in names:
        check(each, Path(sys.argv[1]), int(sys.argv[3]), seed)
    print("the same")

"""The losses that `benchmarks.loss_mixes` compares."""

import itertools

from benchmarks import loss_mixes
from configs import pix2pix_facades_features


def test_each_mix_adds_one_loss_to_the_one_before():
    recipe = pix2pix_facades_features.get_config().model_args.to_dict()
    losses = []
    for changes in loss_mixes.mixes(0.01).values():
        assert changes.keys() <= recipe.keys()
        args = {**recipe, **changes}
        weights = ("l1_weight", "feature_weight", "tv_weight", "gan_weight")
        losses.append([name for name in weights if args[name]])
    assert [len(each) for each in losses] == [1, 2, 3, 4]
    assert all(set(few) < set(more) for few, more in itertools.pairwise(losses))


def test_each_mix_has_a_folder_of_its_own():
    folders = [loss_mixes.folder_of(mix) for mix in loss_mixes.mixes(0.01)]
    assert folders == ["loss_mix_l1", "loss_mix_features", "loss_mix_tv", "loss_mix_gan"]

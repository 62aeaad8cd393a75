import pytest

from tests.tiny_runs import tiny_config
from tfgan_zoo import pictures
from tfgan_zoo.errors import InputError
from tfgan_zoo.run.building import build_model
from tfgan_zoo.run.evaluation import evaluate_run
from tfgan_zoo.run.folder import Run
from tfgan_zoo.tasks import TASKS, Request
from tfgan_zoo.tasks.noise_to_image import NoiseToImageTask


class Own(NoiseToImageTask):
    """Samples from noise, with two scores of its own, one of which no data allow."""

    own_metrics = ("brightness", "contrast")

    @classmethod
    def evaluation(cls, model, config, request):
        """Adds a score whose number has no name of its own."""

        def brightness(images):
            return {"": float(images.mean())}

        return super().evaluation(model, config, request)._replace(also={"brightness": brightness})


def test_a_task_may_have_metrics_of_its_own(tmp_path, monkeypatch):
    config, run = tiny_config(tmp_path), tmp_path / "run"
    model = build_model(config)
    with Run(run).claim(config):
        Run(run).checkpoints.save(model, 0, None, None, {})
    request = Request(["swd", "brightness"], split="train", num=20, checkpoint="0")
    with pytest.raises(InputError, match="metrics: there is no 'brightness'"):
        evaluate_run(run, request)
    monkeypatch.setitem(TASKS, "noise_to_image", Own)
    samples = pictures.to_uint8(model.generate(20, seed=0))
    found = evaluate_run(run, request)
    assert found.scores["brightness"] == pytest.approx(samples.mean())
    for name, sentence in (
        ("contrast", "--metrics: contrast cannot be computed for dcgan with npz:"),
        ("mae", "--metrics: mae compares translations with their targets"),
    ):
        with pytest.raises(InputError, match=sentence):
            evaluate_run(run, request._replace(metrics=[name]))

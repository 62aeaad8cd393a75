"""The hyperparameter search in docs/training.md, as it is pasted, on a tiny run."""

import re
from pathlib import Path

import pytest

from tests.tiny_runs import as_recipe, tiny_config
from tfgan_zoo import report
from tfgan_zoo.run.folder import Run

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def test_the_search_of_the_page(tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    text = PAGE.read_text().partition("## Hyperparameter search")[2]
    (code,) = re.findall(r"```python\n(.*?)```", text.partition("\n## ")[0], flags=re.DOTALL)
    config = tiny_config(tmp_path, evaluate__metrics="('swd',)")
    with config.unlocked():
        config.discriminator_optimizer = {"name": "adam", "learning_rate": 1e-3}
    for old, new in {
        'load_config("dcgan"': f"load_config({str(as_recipe(config, tmp_path / 'tiny.py'))!r}",
        '"train.steps": "1000"': '"train.steps": "4"',
        "n_trials=20": "n_trials=2",
    }.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    monkeypatch.chdir(tmp_path)
    for trials in (2, 4):  # the second call goes on with the study
        exec(compile(code, "sweep.py", "exec"), {"__name__": "__main__"})
        study = optuna.load_study(study_name="dcgan", storage="sqlite:///runs/sweep/study.db")
        assert len(study.trials) == trials
    for trial in study.trials:
        run = Run(f"runs/sweep/{trial.number:03}")
        set_to = run.config()["generator_optimizer"]["learning_rate"]
        assert set_to == pytest.approx(trial.params["learning_rate"])
        assert run.config()["discriminator_optimizer"]["learning_rate"] == set_to
        assert run.config()["model_args"]["r1_gamma"] == pytest.approx(trial.params["r1_gamma"])
        scores = [row["swd"] for row in run.logged() if "swd" in row]
        assert trial.value == pytest.approx(min(scores), rel=1e-6)
    assert study.best_value == min(trial.value for trial in study.trials)
    runs = [f"--workdir={path}" for path in sorted(Path("runs/sweep").glob("0*"))]
    assert len(runs) == 4
    report.main([*runs, "--output=runs/sweep/report.html"])
    assert "003" in Path("runs/sweep/report.html").read_text()

"""Two replicas do what one would: the verdicts of a process that runs all checks."""

import json
import subprocess
import sys

import pytest

from tests.two_replicas import EQUAL, ROOT, checks

#: Every other model of a kind: its mechanics are those of the one in the default suite.
SLOW = ("tests.models.replicas:every_other_model",)


@pytest.fixture(scope="session")
def verdicts(request, tmp_path_factory):
    """The verdict on every check that this session asks for."""
    asked = [
        item.callspec.params["check"]
        for item in request.session.items
        if "verdicts" in getattr(item, "fixturenames", ())
    ]
    file = tmp_path_factory.mktemp("replicas") / "verdicts.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.two_replicas", str(file), *asked],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(file.read_text())


@pytest.mark.parametrize(
    "check",
    [pytest.param(each, marks=[pytest.mark.slow] if each in SLOW else []) for each in checks()],
)
def test_two_replicas_do_what_one_would(verdicts, check):
    assert verdicts[check] == EQUAL, verdicts[check][-3000:]

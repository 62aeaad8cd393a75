"""The page about runs: what is in it, that it is safe and alone, how it acts in a browser."""

import doctest
import importlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests import browser
from tests.tiny_runs import tiny_config
from tfgan_zoo import cli, report
from tfgan_zoo.errors import InputError
from tfgan_zoo.reporting import album as sheets
from tfgan_zoo.reporting import charts, gather, render, write_page
from tfgan_zoo.reporting.page import Walk, between, duration
from tfgan_zoo.reporting.tables import figure
from tfgan_zoo.run.evaluation import Evaluation

EVIL = "</script><script>alert(1)</script>\"'&"


def sheet(shade, size=8, factor=4):
    """A sheet of random pixels, enlarged, with a brightness of its own."""
    pixels = np.random.default_rng(0).integers(0, 64, (size, size, 3), np.uint8) + np.uint8(shade)
    return np.repeat(np.repeat(pixels, factor, 0), factor, 1)


def folder(path, lines=(), steps=(), **config):
    """Makes a run folder of these metrics lines and sample sheets."""
    (path / "samples").mkdir(parents=True)
    settings = {"model": "dcgan", "data": {"source": "figures"}, "train": {"steps": 400}}
    written = {"config": settings | config, "versions": {"keras": "3.15.1"}}
    (path / "config.json").write_text(json.dumps(written))
    if lines:
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for step in steps:
        Image.fromarray(sheet(step // 4)).save(path / "samples" / f"step_{step:08d}.png")
    return path


LINES = [
    {"step": 100, "d_loss": 1.25, "g_loss": 0.7, "images_per_second": 800.0},
    {"step": 200, "d_loss": 1.5, "g_loss": None, "images_per_second": 900.0, "fid": 30.5},
]


def page_of(*paths):
    return render(gather(paths))


class Parsed(HTMLParser):
    """What a browser would run and load."""

    def __init__(self, page):
        super().__init__()
        self.scripts, self.loads, self.handlers = 0, [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.scripts += tag == "script" and "type" not in attributes
        self.loads += [v for k, v in attrs if k in ("src", "href", "srcset", "action", "data")]
        self.handlers += [k for k, _ in attrs if k.startswith("on")]


def test_a_run_is_told(tmp_path):
    run = folder(tmp_path / "mine", LINES, [100, 200])
    protocol = {"time": "2026-11-26T22:30:05", "step": 200, "features": {"name": "mnist_v1"}}
    Evaluation({"fid": 64.125, "kid": float("nan")}, protocol).append_to(run / "evaluation.jsonl")
    (run / "health.jsonl").write_text(
        '{"step": 0, "condition": "begun", "message": "norm", "g_gradient": 0.1}\n'
        '{"step": 150, "condition": "lost", "message": "d is 0."}\n'
    )
    (run / "rollbacks.jsonl").write_text('{"at": 180, "to": 100, "reason": "g_loss is nan."}\n')
    page = page_of(run)
    assert "<title>mine</title>" in page
    assert "stopped early, at step 200 of 400" in page
    assert "<dt>Images/s</dt><dd>850</dd>" in page
    for quantity in ("d_loss", "g_loss", "fid", "images_per_second"):
        assert f"<h4>{quantity}</h4>" in page
    for cell in ("2026-11-26 22:30", "64.1250", "\u2013"):
        assert f">{cell}</td>" in page
    assert '<th class="number">fid</th><th class="number">kid</th>' in page
    assert "<dt>features.name</dt><dd>mnist_v1</dd>" in page
    assert "d is 0." in page
    assert "begun" not in page
    assert page.count('class="mark health') == page.count('class="mark rollback')
    assert "g_loss is nan. Back to step 100." in page
    assert page.count('class="mark rollback') == 1 + 4  # the legend's, and one in each chart
    # Both sheets without a script.
    assert page.count("<img") == 2


def test_logs_are_grouped_by_what_the_run_declares(tmp_path):
    line = {"step": 100, "kl": 2.0, "loss": 1.0, "g_rating": 3.0, "cpu": 9.0, "diversity": 0.5}
    run = folder(tmp_path / "new", [line])
    about = {"training": ["loss", "kl", "never"], "health": ["diversity"], "machine": ["cpu"]}
    (run / "model.json").write_text(json.dumps({**about, "parameters": {"encoder": 7}}))
    (new,) = gather([run])
    assert new.parameters == {"encoder": 7}
    groups = {
        "Losses": ["loss", "kl"],
        "Health": ["diversity"],
        "Scores": ["g_rating"],
        "Machine": ["cpu"],
    }
    assert charts.quantities({0: new}) == groups
    # Runs of version 0.2 declare nothing.
    line = {"step": 1, "d_real": 1, "g_loss": 1, "d_loss": 1, "g_gradient": 1, "fid": 1}
    line |= {"images_per_second": 1, "gpu0_peak_memory_mb": 1, "peak_memory_mb": 1}
    old = folder(tmp_path / "old", [line])
    (old / "model.json").write_text('{"training": 3, "parameters": []}')
    assert charts.quantities(dict(enumerate(gather([old])))) == {
        "Losses": ["d_loss", "g_loss", "d_real"],
        "Health": ["g_gradient"],
        "Scores": ["fid"],
        "Machine": ["gpu0_peak_memory_mb", "images_per_second", "peak_memory_mb"],
    }


def test_nothing_given_can_act_on_the_page(tmp_path):
    line = {"step": 100, EVIL: 1.0}
    run = folder(tmp_path / "<img src=x onerror=alert(1)>", [line], [100], model=EVIL, **{EVIL: 1})
    for name in ("evaluation", "health", "rollbacks"):
        told = {"step": 100, "at": 1, "time": EVIL, "scores": {EVIL: EVIL}, "message": EVIL}
        told |= {"condition": EVIL, "reason": EVIL, EVIL: {EVIL: EVIL}}
        (run / f"{name}.jsonl").write_text(json.dumps(told) + "\n")
    (run / "result.json").write_text(json.dumps({"step": 1, "scores": {EVIL: EVIL}}))
    parsed = Parsed(page_of(run))
    assert parsed.scripts == 1
    assert not parsed.handlers


def test_the_page_is_alone(tmp_path):
    page = page_of(folder(tmp_path / "run", LINES, [100, 200]))
    parsed = Parsed(page)
    assert len(parsed.loads) == 3
    assert all(load.startswith("data:") for load in parsed.loads)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_a_run_that_only_started(tmp_path):
    page = page_of(folder(tmp_path / "run"))
    assert "only started" in page
    for title in ("Samples", "Curves", "Evaluations", "Messages", "Between latents"):
        assert f"<h2>{title}</h2>" not in page
    assert "<h2>Config</h2>" in page


def test_a_run_that_still_pretrains(tmp_path):
    run = folder(tmp_path / "run")
    first = folder(run / "pretraining")
    page = page_of(run)
    assert "pretraining stopped at step 0 of 400" in page
    assert "Curves of pretraining" not in page
    folder(first / "pretraining", LINES)
    page = page_of(run)
    assert "pretraining stopped at step 200 of 400" in page
    assert "<h2>Curves of pretraining, stage 1</h2>" in page
    assert "stage 2" not in page
    (first / "metrics.jsonl").write_text(json.dumps(LINES[0]) + "\n")
    page = page_of(run)
    assert "pretraining stopped at step 100 of 400" in page
    assert "<h2>Curves of pretraining, stage 2</h2>" in page
    (run / "metrics.jsonl").write_text(json.dumps(LINES[1]) + "\n")
    assert "stopped early, at step 200 of 400" in page_of(run)


def test_what_is_half_written_or_damaged_is_left_out(tmp_path):
    run = folder(tmp_path / "run", steps=[100, 200])
    (run / "metrics.jsonl").write_text(
        '{"step": 100, "d_loss": NaN, "g_loss": 1, "note": "x", "\\ud800": 1e999}\n'
        "{broken}\n"
        '{"step": 200, "d_loss": Infinity, "g_loss": true}\n'
        '{"step": 300, "d_lo'
    )
    (run / "samples" / "step_00000200.png").write_bytes(b"\x89PNG\r\n")
    (run / "evaluation.jsonl").write_bytes(b'{"scores": 3}\n\xff\xfe\n')
    (run / "result.json").write_text("{")
    (record,) = gather([run])
    assert record.rows == {
        100: {"d_loss": None, "g_loss": 1.0, "\ud800": None},
        200: {"d_loss": None, "g_loss": None},
    }
    assert record.unread == {"metrics.jsonl": 1, "evaluation.jsonl": 1}
    page = render([record])
    assert "metrics.jsonl: 1 line could not be read." in page
    assert "<h4>g_loss</h4>" in page
    assert "<h4>d_loss</h4>" not in page
    assert "1 could not be read" in page
    assert page.count("<img") == 1
    write_page(tmp_path / "page.html", page)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_damaged_pictures_and_checkpoints_are_left_out(tmp_path):
    run = folder(tmp_path / "run", LINES, [100, 200])
    picture = run / "samples" / "step_00000200.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:33] + b"\xff" * (len(whole) - 33))  # after the header
    weights = run / "checkpoints" / "step_00000100" / "model.weights.h5"
    weights.parent.mkdir(parents=True)
    with h5py.File(weights, "w") as file:
        file["generator/kernel"] = np.zeros((3, 4))
    (record,) = gather([run])
    assert record.parameters == {"generator": 12}
    intact = weights.read_bytes()
    for place in range(0, len(intact), 40):
        weights.write_bytes(intact[:place] + bytes([intact[place] ^ 0xFF]) + intact[place + 1 :])
        (record,) = gather([run])
    assert "1 could not be read" in render([record])


def test_several_runs_share_charts_slider_and_config(tmp_path):
    a = folder(tmp_path / "a" / "run", LINES, [100, 300], seed=0, generator={"filters": 8})
    b = folder(tmp_path / "b" / "run", LINES[:1], [200], seed=0, generator={"filters": 16})
    page = page_of(a, b)
    assert "<title>a/run and b/run</title>" in page
    assert page.count("<h4>d_loss</h4>") == 1
    assert page.count("<h4>fid</h4>") == 1
    assert page.count('type="range"') == 1
    assert '["step 100","step 200","step 300"]' in page
    assert [json.loads(at) for at in re.findall(r'"at":(\[.*?\])', page)] == [[0, 0, 1], [0, 0, 0]]
    assert "1 entry differs and is marked." in page
    assert page.count('<tr class="differs">') == 1
    assert '<tr class="differs"><th>filters</th><td>8</td><td>16</td></tr>' in page
    assert '<details open><summary>generator <em class="differs">1 differs</em>' in page


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "--workdir: expected a value, got none; --help shows all."),
        (["--workdir=none"], "'none' is no run folder: it has no config.json"),
        (["--workdir=empty"], "config.json is not a run's"),
        (["--workdir=run", "--workdir=./run"], "is given twice."),
        (["--workdir=run", "--output=there.html"], "'there.html' exists; add --overwrite"),
        (["--workdir=run", "--output=run.pdf"], "expected an .html, got 'run.pdf'"),
        (
            ["--workdir=run", "--output=there.html/x.html"],
            "there.html' is a file; give",
        ),
    ],
    ids=str,
)
def test_report_refuses_in_a_sentence(tmp_path, monkeypatch, capsys, flags, sentence):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "run")
    folder(tmp_path / "empty")
    (tmp_path / "empty" / "config.json").write_text("[]")
    (tmp_path / "there.html").write_text("before")
    with pytest.raises(SystemExit) as stop:
        cli.run(report.main, flags)
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err.replace(f"{tmp_path}/", "")
    assert (tmp_path / "there.html").read_text() == "before"


# ---------------------------------------------------------------------- parts


def test_smoothing():
    points = [(1, 1.0), (2, None), (3, 2.0), (4, 4.0)]
    decay = 2 ** (-40 / 3)  # a half-life of a fortieth of three points
    second = (decay * 1 + 2) / (decay + 1)
    third = (decay * (decay * 1 + 2) + 4) / (decay * (decay + 1) + 1)
    assert charts.smoothed(points) == [
        (1, 1.0),
        (2, None),
        (3, pytest.approx(second)),
        (4, pytest.approx(third)),
    ]


def test_thinning_keeps_peaks_gaps_and_ends():
    points = [(i, float(np.sin(i))) for i in range(10_000)]
    points[4321], points[6000], points[777] = (4321, 50.0), (6000, None), (777, -50.0)
    kept = charts.thinned(points)
    assert len(kept) <= charts.MOST_POINTS + 3
    assert {points[0], points[-1], points[4321], points[6000], points[777]} <= set(kept)
    assert kept == sorted(kept, key=lambda point: point[0])


def test_a_curve_lies_where_its_numbers_are(tmp_path):
    lines = [{"step": step, "x": value} for step, value in ((0, 1.0), (50, None), (100, 100.0))]
    chart = charts.chart("x", dict(enumerate(gather([folder(tmp_path / "run", lines)]))), [])
    curves = dict(re.findall(r'<g class="(\w+)">.*?<path class="raw c0" d="(.*?)"', chart))
    # From 46 to 350 across; up, from 178 to 12, with 6% of the range free below and above.
    low, high = 178 - 166 * 0.06 / 1.12, 178 - 166 * 1.06 / 1.12
    both = f"M46.0 {low:.1f}h0M350.0 {high:.1f}h0"
    assert curves == {"linear": both, "log": both}
    assert ">10</text>" in chart  # the decade between
    # No logarithm of what is not positive.
    lines = [{"step": 1, "x": -1.0}, {"step": 2, "x": 1.0}]
    chart = charts.chart("x", dict(enumerate(gather([folder(tmp_path / "neg", lines)]))), [])
    assert 'class="log"' not in chart
    assert ">linear</small>" in chart


@pytest.mark.parametrize("values", [(0.0, 0.0), (5.0, 5.0), (1e-30, 1e30), (-3e9, 2e-9)])
def test_any_range_can_be_drawn(tmp_path, values):
    lines = [{"step": i, "x": value} for i, value in enumerate(values)]
    chart = charts.chart("x", dict(enumerate(gather([folder(tmp_path / "run", lines)]))), [])
    assert 1 <= chart.count('class="grid"') <= 20
    assert "nan" not in chart


def test_sheets_are_embedded_without_loss_if_they_fit():
    album = sheets.embed([sheet(i) for i in range(60)], 1_000_000)
    assert list(album.pictures) == sheets.spread(60, 48)
    assert album.note == "48 of 60 are shown"
    picture = album.pictures[0]
    # Sent as 8x8 and shown as 32x32.
    assert (picture.width, picture.height, picture.enlarged) == (32, 32, True)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    album = sheets.embed([noise] * 20, 1_000_000)
    assert sum(len(p.source) for p in album.pictures.values()) < 1_000_000 * 4 / 3 + 1000
    assert album.note == "made smaller: at most 256 pixels, with some loss"
    album = sheets.embed([noise] * 20, 0)
    assert list(album.pictures) == [0, 19]
    assert album.note == "2 of 20 are shown; made smaller: at most 256 pixels, with some loss"


@pytest.mark.parametrize("name", ["gather", "charts", "album", "page", "tables"])
def test_examples(name):
    module = importlib.import_module(f"tfgan_zoo.reporting.{name}")
    result = doctest.testmod(module, extraglobs={"np": np, "Path": Path})
    assert result.attempted > 0
    assert result.failed == 0


def test_figures_and_durations():
    values = [None, float("nan"), 3, 1234567.0, 0.01234567, 1e-9, "x", [1], True]
    said = ["\u2013", "\u2013", "3", "1,234,567", "0.0123", "1e-09", "x", "[1]", "true"]
    assert [figure(value) for value in values] == said
    assert [duration(s) for s in (59.4, 60, 7325, 200_000)] == [
        "59 s",
        "1 min 0 s",
        "2 h 2 min",
        "2 d 7 h",
    ]


@pytest.mark.parametrize(("num_bytes", "frames"), [(10**6, 9), (1, 1)])
def test_a_walk_shows_as_many_frames_as_there_is_room_for(tmp_path, num_bytes, frames):
    images = np.random.default_rng(0).integers(0, 256, (3, 9, 64, 64, 3), np.uint8)
    drawn = between(Walk(0, "two", images), gather([folder(tmp_path / "run")]), num_bytes)
    assert drawn.count("<img") == min(2, frames) + 1
    assert len(json.loads(re.findall(r"<script[^>]*>(.*?)</script>", drawn)[0])["at"]) == frames
    assert "100% of the way" in drawn


def test_small_values_have_ticks_of_their_own():
    assert charts.nice(1e-13, 3e-13, 4) == [1e-13, 1.5e-13, 2e-13, 2.5e-13, 3e-13]


# ---------------------------------------------------------------------- a real run


@pytest.mark.slow
def test_a_real_run(tmp_path, capsys):
    from tfgan_zoo.run import experiment
    from tfgan_zoo.run.folder import Run

    run = tmp_path / "run"
    config = tiny_config(tmp_path)
    experiment.train(config, run, lambda _: None)
    (record,) = gather([run])
    checkpoints = Run(run).checkpoints
    assert (record.step, record.steps, record.running) == (10, 10, False)
    assert list(record.checkpoints) == checkpoints.steps()
    assert record.best == checkpoints.best()
    model = experiment.load_run(run)
    assert record.parameters == {
        role: network.count_params() for role, (network,) in model.roles().items()
    }
    with Run(run).claim(config):
        assert gather([run])[0].running
    report.main([f"--workdir={run}", "--interpolate"])
    page = (run / "report.html").read_text()
    assert "finished, 10 steps" in page
    assert "<h2>Between latents</h2>" in page
    assert "each row one walk" in page
    assert capsys.readouterr().out.startswith("1 run, ")
    flags = [f"--workdir={folder(tmp_path / 'new')}", "--interpolate"]
    with pytest.raises(InputError, match="has no checkpoint yet"):
        report.main(flags)


# ---------------------------------------------------------------------- in a browser


@pytest.mark.slow
@pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser(tmp_path):
    a = folder(tmp_path / "a", LINES, [100, 200, 300], name=EVIL)
    b = folder(tmp_path / "b", LINES, [100, 300])
    path = tmp_path / "page.html"
    path.write_text(page_of(a, b))
    with browser.opened(tmp_path / "profile") as page:
        for width, dark in ((1200, False), (380, True)):
            page.open(path, width=width, dark=dark)
            assert page.value("document.documentElement.scrollWidth") <= width
        pictures = "[...document.querySelectorAll('.shot:last-child img')].map(i => i.src)"
        last = page.value(pictures)
        move = (
            "{ const s = document.querySelector('[type=range]'); s.value = %d;"
            " s.dispatchEvent(new Event('input')); }"
        )
        page.value(move % 1)
        assert page.value("document.querySelector('.controls output').textContent") == "step 200"
        middle = page.value(pictures)
        assert middle[0] != last[0]
        assert middle[1] != last[1]  # b shows the one before
        page.value(move % 2)
        assert page.value(pictures) == last
        # What the curves say where the pointer is.
        box = "JSON.stringify(document.querySelector('.chart svg').getBoundingClientRect())"
        page.value("document.querySelector('.chart').scrollIntoView()")
        box = json.loads(page.value(box))
        x = box["x"] + box["width"] * (46 + 0.52 * 304) / 360
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=box["y"] + 60)
        assert page.value("document.querySelector('.now').innerText.split(/\\s+/)") == [
            "step",
            "100",
            "1.25",
            "1.25",
        ]
        # Toggles are the style's, so they work without a script.
        shown = "getComputedStyle(document.querySelector('.%s')).display"
        assert page.value(shown % "log") == "none"
        page.value("document.querySelector('.log-box').click()")
        assert page.value(shown % "log") == "inline"
        assert page.value(shown % "linear") == "none"
        page.screenshot(tmp_path / "page.png")
        with Image.open(tmp_path / "page.png") as picture:
            assert picture.size[0] == 380
        assert page.said == []
        outside = [url for url in page.requested if not url.startswith(("data:", "file:"))]
        assert outside == []

"""The page of published numbers: what it says of this library stands in the results."""

import math
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.reproduce import experiment, points, stacked_mnist, super_resolution
from benchmarks.reproduce.__main__ import EXPERIMENTS
from benchmarks.reproduce.significance import ENOUGH, Sample, judge, welch
from docs_site import links
from tfgan_zoo.config import list_configs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "published.md").read_text("utf-8")
NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?<!,)"


class Row(NamedTuple):
    paper: str
    measured: str
    published: str
    ours: str
    n: str
    verdict: str
    command: str
    date: str

    @property
    def trials(self):
        return int(re.match(r"\d+", self.n)[0])


def rows_of(page):
    cells = (line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ["))
    return [Row(*each) for each in cells]


ROWS = rows_of(PAGE)
RUN = [row for row in ROWS if row.verdict != "not run"]


def section(page, anchor):
    """Returns the text under a heading, without sections that are not below it."""
    heading = next(
        found
        for found in re.finditer(r"^(#+) (.*)$", page, re.M)
        if links.slug(found[2].replace("`", "")) == anchor
    )
    rest = page[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.M)
    return rest[: following.start()] if following else rest


def stands(row):
    """Returns whether a line of a table has our numbers, where the row links to."""
    page, anchor = re.search(r"\]\((\S+)#(\S+)\)", row.date).groups()
    words = section((ROOT / "docs" / page).read_text("utf-8"), anchor)
    # Names of models, settings and sets, with which such a line begins.
    names = re.findall(
        r"`\w+`|Set\d+|nearest|bicubic|SRResNet|SRGAN|^pairing|^non-saturating", row.measured
    )
    answer, _, trials = row.ours.rstrip(")").partition(" (")
    wanted = {answer, trials} - {""}
    for line in words.splitlines():
        cells = {cell.strip().partition(" (n = ")[0] for cell in line.split("|")}
        if wanted <= cells and all(name in line for name in names):
            return True
    return False


def sample(cell, trials):
    mean, *spread = (float(each.replace(",", "")) for each in re.findall(NUMBER, cell))
    return Sample(mean, spread[0] if spread else None, trials)


def expected(row):
    """Returns the verdict that follows from the numbers of a row, None if it is not by numbers."""
    if row.verdict.startswith("not comparable: ") or row.verdict == "not run":
        return None
    band = re.search(r", within ([\d.]+)$", row.verdict)
    if band:
        ours, published = float(row.ours), float(row.published)
        return experiment.verdict(ours, published, float(band[1])) + band[0]
    ours = sample(row.ours, row.trials)
    cell, _, trials = row.published.partition("(n = ")
    published = sample(cell, int(trials.rstrip(")")))
    if row.trials < ENOUGH:
        return f"no verdict, n = {row.trials}"
    return judge(welch(ours, published), row.trials)


def test_no_row_is_without_trials_date_and_paper():
    assert len(ROWS) > 80
    for row in ROWS:
        assert re.search(r"\]\(https://arxiv\.org/abs/\d+\.\d+\)$", row.paper), row
        ran = row.verdict != "not run"
        assert ran == (row.trials > 0) == (row.ours != "not run") == (row.date != "—"), row
        assert not ran or re.match(r"\[20\d\d-\d\d-\d\d\]\(", row.date), row


@pytest.mark.parametrize("row", RUN, ids=range(len(RUN)))
def test_our_numbers_stand_in_the_results(row):
    assert re.search(NUMBER, row.ours)
    assert stands(row), row


def test_other_numbers_are_noticed():
    row = next(row for row in RUN if row.ours == "4.7 ± 0.6")
    assert not stands(row._replace(ours="4.7 ± 0.7"))
    assert not stands(row._replace(measured=row.measured.replace("gan", "pacgan2")))
    row = next(row for row in RUN if row.ours == "25, 23, 25")
    assert not stands(row._replace(ours="25, 23, 24"))


def test_verdicts_follow_from_the_numbers():
    for row in ROWS:
        assert expected(row) in (None, row.verdict), row


@pytest.mark.parametrize(
    ("ours", "n", "verdict"),
    [
        ("6.0 ± 1.0", "10", "pass"),
        ("4.0 ± 1.0", "10", "FAIL: below"),
        ("4.0 ± 1.0", "4", "no verdict, n = 4"),
        ("4.0", "10", "no test"),
    ],
)
def test_trials_are_compared_by_their_spread(ours, n, verdict):
    row = RUN[0]._replace(published="6.3 ± 1.6 (n = 10)", ours=ours, n=n, verdict="")
    assert expected(row) == verdict


def test_the_counts_are_those_of_the_rows():
    kinds = Counter(
        re.match(r"no verdict|not comparable|not run|\w+", row.verdict)[0] for row in ROWS
    )
    table = dict(re.findall(r"^\| (\w[\w ]*) \| (\d+) \|$", PAGE, re.M))
    assert {kind: int(count) for kind, count in table.items() if count != "0"} == kinds


def test_published_numbers_are_those_of_the_benchmarks():
    published = {(row.measured, row.published) for row in ROWS}
    for name, models in points.PUBLISHED.items():
        sides = {"ring": "modes of 8", "grid": "modes of 25"}
        for model, samples in models.items():
            for (figure, digits), known in zip(points.FIGURES.items(), samples, strict=True):
                title = sides[name] if figure == "modes" else figure
                cell = (f"{name}: `{model}`, {title}", points.written(known, digits))
                assert cell in published
    for (name, way), (psnr, ssim) in super_resolution.PUBLISHED.items():
        assert (f"{name}, {way}: PSNR, dB", f"{psnr:.2f}") in published
        assert (f"{name}, {way}: SSIM (daala)", f"{ssim:.4f}") in published
    stacked = [row for row in ROWS if "stacked_mnist" in row.command]
    for name, (_, modes, divergence) in stacked_mnist.PUBLISHED.items():
        known = [row for row in stacked if f"`{name}`" in row.measured]
        assert len(known) == 4
        for row in known:
            wanted = divergence if "KL" in row.measured else modes
            assert math.isclose(float(row.published.split()[0]), wanted)


def test_commands_exist():
    for row in ROWS:
        module, name, *_ = row.command.strip("`").split()
        assert (ROOT / module.replace(".", "/")).is_dir() or (
            ROOT / f"{module.replace('.', '/')}.py"
        ).is_file()
        if module == "benchmarks.reproduce":
            assert name in EXPERIMENTS
        if name.startswith("--config="):
            assert name.removeprefix("--config=") in list_configs()

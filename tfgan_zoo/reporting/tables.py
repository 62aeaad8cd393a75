"""Tables of a report: evaluations, messages, and configs side by side."""

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tfgan_zoo.config import flatten
from tfgan_zoo.reporting.charts import colour_of
from tfgan_zoo.reporting.gather import RunRecord, number


def figure(value: Any) -> str:
    """Formats a number for a table, and anything else as JSON.

    Example:
        >>> [figure(value) for value in (1234567, 0.25, 1e-7)]
        ['1,234,567', '0.2500', '1e-07']
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "\u2013"
    if isinstance(value, str):
        return value
    if number(value) is None:
        return json.dumps(value, ensure_ascii=False)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4f}" if 0.001 <= abs(value) < 1e6 else f"{value:.4g}"


def evaluations(runs: Sequence[RunRecord]) -> str:
    """Returns a table of evaluation.jsonl, one row per evaluation."""
    lines = [(i, line) for i, run in enumerate(runs) for line in run.evaluations]
    if not lines:
        return ""
    columns = list(dict.fromkeys(name for _, line in lines for name in _scores(line)))
    head = "".join(f'<th class="number">{escape(name)}</th>' for name in columns)
    several = len(runs) > 1
    rows = []
    for i, line in lines:
        cells = "".join(
            f'<td class="number">{escape(figure(_scores(line).get(name)))}</td>' for name in columns
        )
        rest = {name: value for name, value in line.items() if name not in _SHOWN}
        run = f'<td class="{colour_of(i)}"><i></i>{escape(runs[i].name)}</td>' if several else ""
        rows.append(
            f"<tr>{run}<td>{escape(when(line.get('time')))}</td>"
            f'<td class="number">{escape(figure(line.get("step")))}</td>{cells}'
            f"<td>{_details('how', rest) if rest else ''}</td></tr>"
        )
    first = "<th>Run</th>" if several else ""
    return (
        f'<div class="wide"><table><thead><tr>{first}<th>Time</th><th class="number">Step</th>'
        f"{head}<th></th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


_SHOWN = ("time", "step", "scores")


def _scores(line: Mapping[str, Any]) -> dict[str, Any]:
    scores = line.get("scores")
    return scores if isinstance(scores, dict) else {}


def _details(title: str, value: Mapping[str, Any]) -> str:
    items = "".join(
        f"<div><dt>{escape(key)}</dt><dd>{escape(plain(each))}</dd></div>"
        for key, each in flatten(value).items()
    )
    return f"<details><summary>{title}</summary><dl class=small>{items}</dl></details>"


def when(time: Any) -> str:
    """Formats a time, given in seconds since 1970 or as ISO 8601, to the minute."""
    seconds = number(time)
    with_date = None
    try:
        if seconds is not None:
            with_date = datetime.datetime.fromtimestamp(seconds)
        elif isinstance(time, str):
            with_date = datetime.datetime.fromisoformat(time)
    except (ValueError, OverflowError, OSError):
        pass
    return figure(time) if with_date is None else f"{with_date:%Y-%m-%d %H:%M}"


def messages(runs: Sequence[RunRecord]) -> str:
    """Returns a table of health.jsonl and rollbacks.jsonl, by step."""
    rows = []
    for i, run in enumerate(runs):
        said = [
            (number(line.get("step")), figure(line.get("condition")), figure(line.get("message")))
            for line in run.health
        ]
        for note in run.rollbacks:
            at, reason = number(note.get("at")), note.get("reason")
            text = f"{'' if reason is None else reason} Back to step {figure(note.get('to'))}"
            factor = number(note.get("learning_rate_factor"))
            text += "." if factor in (None, 1.0) else f", learning rates times {factor:g}."
            said.append((at, "rollback", text.strip()))
        said.sort(key=lambda line: (line[0] is None, line[0] or 0.0))
        rows += [(i, *line) for line in said]
    if not rows:
        return ""
    several = len(runs) > 1
    body = "".join(
        "<tr>"
        + (f'<td class="{colour_of(i)}"><i></i>{escape(runs[i].name)}</td>' if several else "")
        + f'<td class="number step">{figure(step)}</td><td>{escape(condition)}</td>'
        f'<td class="text">{escape(text)}</td></tr>'
        for i, step, condition, text in rows
    )
    first = "<th>Run</th>" if several else ""
    return (
        f'<div class="wide"><table class="messages"><thead><tr>{first}<th class="number">Step</th>'
        f"<th>Condition</th><th>Message</th></tr></thead><tbody>{body}</tbody></table></div>"
    )


def config(runs: Sequence[RunRecord]) -> str:
    """Returns the resolved configs as one foldable tree, with differences marked."""
    configs = [run.config for run in runs]
    tree, num = _tree(configs, [run.name for run in runs])
    if len(runs) == 1:
        return tree
    differ = "entry differs and is" if num == 1 else "entries differ and are"
    said = f"{num} {differ} marked." if num else "All entries are the same."
    return f'<p class="quiet">{said}</p>{tree}'


def _tree(configs: Sequence[Any], names: Sequence[str]) -> tuple[str, int]:
    """Returns the HTML of one level and those below, and the number of different entries."""
    keys = dict.fromkeys(key for each in configs for key in each)
    rows, groups, total = [], [], 0
    for key in keys:
        values = [each.get(key, _NONE) for each in configs]
        if all(isinstance(value, dict) or value is _NONE for value in values):
            inner, num = _tree([{} if v is _NONE else v for v in values], names)
            differ = "differs" if num == 1 else "differ"
            mark = f' <em class="differs">{num} {differ}</em>' if num else ""
            groups.append(
                f"<details{' open' if num else ''}><summary>{breakable(key)}{mark}</summary>"
                f"{inner}</details>"
            )
        else:
            texts = [plain(value) for value in values]
            num = int(len(set(texts)) > 1)
            cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
            kind = ' class="differs"' if num else ""
            rows.append(f"<tr{kind}><th>{breakable(key)}</th>{cells}</tr>")
        total += num
    head = ""
    if len(names) > 1:
        cells = "".join(
            f'<th class="{colour_of(i)}"><i></i>{escape(name)}</th>' for i, name in enumerate(names)
        )
        head = f"<thead><tr><th></th>{cells}</tr></thead>"
    body = f"<tbody>{''.join(rows)}</tbody>"
    table = f'<div class="wide"><table class="entries">{head}{body}</table></div>'
    return (table if rows else "") + "".join(groups), total


_NONE = object()


def breakable(name: str) -> str:
    """Escapes a name, and allows line breaks after its underscores."""
    return escape(name).replace("_", "_<wbr>")


def plain(value: Any) -> str:
    """Formats a value of a config."""
    if value is _NONE:
        return "\u2013"
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def versions(runs: Sequence[RunRecord]) -> str:
    """Returns a table of the package versions of the runs."""
    return _tree([run.versions for run in runs], [run.name for run in runs])[0]

"""Phrases that must not return to docstrings, comments, messages and pages, and what to write."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Folders and files that are checked.
ROOMS = (
    "CONTRIBUTING.md",
    "README.md",
    "benchmarks",
    "configs",
    "docs",
    "docs_site",
    "tests",
    "tfgan_zoo",
)

#: Files that stay as they are: this one quotes the phrases, and earlier versions wrote the others.
LEFT_OUT = (ROOT / "tests" / "test_english.py", ROOT / "tests" / "earlier")

#: Phrase, as a regular expression -> what to write instead.
PHRASES = {
    r"mend(s|ed|ing)?": "fix",
    r"so (many|much|often)(?! (\S+ ){0,4}that\b)": "this many, this much, this often",
    r"(files|runs|results|those|that|one) of before": "earlier",
    r"had better": "should",
    r"what came": "what was given",
    r"go(es)? on from (there|here|it)": "resume from there",
    r"or else": "or, otherwise",
    r"(would else|else would|else it would)": "otherwise ... would",
    r"(is|are) to be(?! or not)": "must be, or the present tense",
    r"as (\S+ ){0,3}(has|have) (it|them)": "as in ...",
    r"made anew|anew|afresh": "again, new",
    r"sees to it": "ensures it",
    r"(held|hold|holds) \S+( \S+)? against": "compare with",
    r"(cannot|could not|can) be had": "is not available",
    r"befall(s|en)?": "affects",
    r"nor need": "need not",
    r"how (it|they|that) came to be": "how it was made",
    r"(is|are) taken for (?!granted)": "is mistaken for, is assumed to be",
    r"(goes|go) the way of": "is treated like",
    r"what (is|was) said has gone": "a condition that no longer holds",
    r"the eye minds": "follows perceived similarity",
    r"files of others": "files that this command did not write",
}

#: The same, at the start of a docstring.
OPENINGS = {
    r"Of (a|an|the|one|each|every|several|all|what|which|those|this)\b": "a verb: Returns ...",
    r"(What|Whether|How|By how much|Where|Who|Whom)\b.* (is|are) (told|asked|called)\b": "a noun",
    r"Has nothing to\b": "Creates no weights.",
}

#: In messages of InputErrors.
MESSAGES = {r"; got ": "argument: expected ..., got ...; advice."}


def files_of(room):
    path = ROOT / room
    if path.is_file():
        return [path]
    files = (p for p in path.rglob("*") if p.suffix in (".py", ".md"))
    return sorted(p for p in files if not {p, *p.parents} & set(LEFT_OUT))


def nodes_of(source):
    """Returns all nodes of Python code; `ast.walk` takes three times as long."""
    nodes = [ast.parse(source)]
    for node in nodes:  # which grows
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                nodes.extend(each for each in value if isinstance(each, ast.AST))
            elif isinstance(value, ast.AST) and field != "ctx":
                nodes.append(value)
    return nodes


def texts_of_python(source, nodes):
    """Yields (line, text) for strings and blocks of comments, each on one line.

    What follows a `#` within a string is read twice; `tokenize` takes ten times as long.
    """
    block, start, previous = [], 0, -2
    for line, code in enumerate(source.split("\n"), 1):
        _, mark, comment = code.partition("#")
        if mark:
            if line != previous + 1 and block:
                yield start, " ".join(block)
                block = []
            start, previous = (start if block else line), line
            block.append(comment.lstrip("#: "))
    if block:
        yield start, " ".join(block)
    # Messages are often concatenated from several strings.
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def texts_of_markdown(source):
    """Yields (line, text) for paragraphs, without code."""
    source = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), source, flags=re.M | re.S)
    line = 1
    for paragraph in source.split("\n\n"):
        yield line, re.sub(r"`[^`]*`", "X", paragraph)
        line += paragraph.count("\n") + 2


def found(text, phrases):
    """Yields (phrase, replacement) for the phrases in a text."""
    text = " ".join(text.split())
    # All at once first, as nearly every text has none.
    for phrase in (*phrases,) if any_of(tuple(phrases)).search(text) else ():
        if match := re.search(as_words(phrase), text, re.I):
            yield match[0], phrases[phrase]


@functools.cache
def any_of(phrases):
    return re.compile(as_words("|".join(phrases)), re.I)


def as_words(phrase):
    return rf"(?<![\w-])(?:{phrase})(?![\w-])"


def docstrings(nodes):
    """Yields (line, docstring) for a module and everything in it."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in nodes:
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield getattr(node, "lineno", 1), text


def lower_case_entries(docstring):
    """Yields entries of Args, Attributes and Raises that start in lower case.

    Symbols of one or two letters are left as they are.
    """
    for section in re.findall(
        r"^(?:Args|Attributes|Raises):\n((?:    .*\n?|\n)+)", docstring, re.M
    ):
        yield from re.findall(r"^    \S+: [a-z]{3,}[ ,.:;].*", section, re.M)


def faults_of(path):
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        for line, text in texts_of_markdown(source):
            for phrase, instead in found(text, PHRASES):
                yield line, f"{phrase!r}; write: {instead}"
        return
    nodes = nodes_of(source)
    for line, text in texts_of_python(source, nodes):
        for phrase, instead in found(text, PHRASES):
            yield line, f"{phrase!r}; write: {instead}"
        for pattern, instead in MESSAGES.items():
            if re.search(pattern, text):
                yield line, f"{pattern!r} in a message; write: {instead}"
    for line, text in docstrings(nodes):
        for pattern, instead in OPENINGS.items():
            if match := re.match(pattern, text):
                yield line, f"docstring opens with {match[0]!r}; write: {instead}"
        for entry in lower_case_entries(text):
            yield line, f"{entry.strip()!r}; write: name: Capitalised sentence."


@pytest.mark.parametrize("room", ROOMS)
def test_phrases(room):
    files = files_of(room)
    assert files
    faults = {
        f"{path.relative_to(ROOT)}:{line}: {fault}"
        for path in files
        for line, fault in faults_of(path)
    }
    assert not faults, "\n" + "\n".join(sorted(faults))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Fix it, mend that.", "mend"),
        ("Trains for so many steps.", "so many"),
        ("There are so many images that memory is short.", None),
        ("replace files of before", "files of before"),
        ("The value is to be a\n    number.", "is to be"),
        ("Whether it is to be or not to be.", None),
        ("recommend a commended amendment", None),
        ("as the recipe has it", "as the recipe has it"),
        ("as it has items", None),
        ("Is the file there, or else somewhere?", "or else"),
        ("for else branches", None),
        ("the same command goes on from there", "goes on from there"),
    ],
)
def test_patterns(text, phrase):
    assert [match for match, _ in found(text, PHRASES)] == ([phrase] if phrase else [])


def test_texts_of_python():
    source = '# A comment of\n# before.\nraise E("must be "\n    f"{x}; got 1")\nmend = 1\n'
    texts = [text for _, text in texts_of_python(source, nodes_of(source))]
    assert "A comment of before." in texts
    assert "must be X; got 1" in texts
    assert not any("mend" in text for text in texts)


def test_lower_case_entries():
    text = "Summary.\n\nArgs:\n    one: lower case.\n    two: Upper.\n    r: r, at least 2.\n"
    assert [entry.strip() for entry in lower_case_entries(text)] == ["one: lower case."]


def test_texts_of_markdown():
    source = "Text `mend`.\n\n```\nmend\n```\n\nOther\nlines.\n"
    assert [line for line, text in texts_of_markdown(source) if "lines" in text] == [7]
    assert not any("mend" in text for _, text in texts_of_markdown(source))

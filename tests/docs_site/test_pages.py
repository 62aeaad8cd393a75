"""What the site is made of, without MkDocs."""

import importlib
import inspect
import io
import posixpath
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import yaml

from docs_site import commands, docstrings, links, models, pages, recipes, rendered, source, text
from tfgan_zoo.models import MODELS

ROOT = Path(__file__).parents[2]
DOCS = {
    path.relative_to(ROOT / "docs").as_posix(): path.read_text("utf-8")
    for path in (ROOT / "docs").rglob("*.md")
}


README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def made():
    return pages.generated()


@pytest.fixture(scope="module")
def site(made):
    """All pages, as MkDocs gets them."""
    assert not made.keys() & DOCS.keys()
    return made | {page: links.rewritten(words, page) for page, words in DOCS.items()}


def without_code(markdown):
    """Returns a page without blocks of code and without code in lines."""
    markdown = re.sub(r"^ *```.*?^ *```$", "", markdown, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "code", markdown)


def anchors(markdown):
    """Returns the anchors of a page: its headings, and what it names itself."""
    prose = re.sub(r"^ *```.*?^ *```$", "", markdown, flags=re.M | re.S)
    found = set()
    for heading in re.findall(r"^#+ (.*)$", prose, re.M):
        named = re.search(r"\{ #(\S+) \}$", heading)
        found.add(named[1] if named else links.slug(heading.replace("`", "")))
    return found


def broken(site):
    """Yields (page, target) for links to pages, headings and pictures that do not exist."""
    for page, markdown in site.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(markdown)):
            if re.match("[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            path = posixpath.normpath(posixpath.join(page, "..", path)) if path else page
            if path not in site:
                if anchor or not (ROOT / "docs" / path).is_file():
                    yield page, target
            elif anchor and anchor not in anchors(site[path]):
                yield page, target


def test_the_navigation_names_every_page(made):
    written = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    named = pages.in_navigation(pages.navigation(written))
    assert sorted(named) == sorted({*made, *DOCS}), "mkdocs.yml: give each page in docs/ a line"


def test_links_lead_to_pages_and_headings(site):
    assert not list(broken(site))


def test_broken_links_are_found(site):
    page = {"page.md": "[a](none.md) [b](data.md#none) [c](data.md#labels) ![d](images/none.png)"}
    assert {target for _, target in broken(site | page)} == {
        "none.md", "data.md#none", "images/none.png"
    }  # fmt: skip


def test_commands_on_two_lines_keep_their_backslash(made):
    assert not re.findall(r"^python -m .*\S {2,}\S.*", made["commands.md"], re.M)


def test_references_name_what_the_pages_show(made):
    shown = set(re.findall(r"^::: (\S+)$", "\n".join(made.values()), re.M))
    named = {
        (page, name)
        for page, markdown in made.items()
        for name in re.findall(r"\]\[(tfgan_zoo[\w.]*)\]", markdown)
    }
    assert len(named) > 50
    for page, name in named:
        owner, _, method = name.rpartition(".")
        model = source.model_classes().get(owner.rpartition(".")[2])
        methods = {each for base in model.lineage() for each in base.methods()} if model else set()
        assert name in shown or (owner in shown and method in methods), (page, name)


@pytest.mark.parametrize("package", ["", *source.packages()])
def test_the_reference_has_every_public_name(made, package):
    module = importlib.import_module(f"tfgan_zoo.{package}".removesuffix("."))
    names = getattr(module, "__all__", None)
    if names is None:  # a module of functions and classes, or a package of modules
        names = [
            name
            for name, value in vars(module).items()
            if name[0] != "_" and getattr(value, "__module__", "") == module.__name__
        ]
    directives = re.findall(r"^::: (\S+)$", "\n".join(made.values()), re.M)
    assert len(directives) == len(set(directives))
    for name in names:
        if package:
            # A module hides a function of its name.
            found = f"tfgan_zoo.{package}.{name}"
            assert {found, f"{found}.{name}"} & set(directives)
        elif inspect.ismodule(getattr(module, name)):
            assert f"tfgan_zoo.{name}" in directives
        else:
            assert {f"tfgan_zoo.{name}", f"tfgan_zoo.models.{name}"} & set(directives)


def test_packages_of_modules_are_shown(made):
    assert "::: tfgan_zoo.serving.client\n" in made["api/serving.md"]


@pytest.mark.parametrize("key", MODELS)
def test_each_model_has_a_page(made, key):
    model, page = MODELS[key], made[f"models/{key}.md"]
    assert page.startswith(f"# {model.__name__}\n")
    assert f"::: tfgan_zoo.models.{model.__name__}\n" in page
    # The code of one step, as Python finds it.
    step = inspect.cleandoc("\n" + inspect.getsource(model.train_step))
    assert step in page
    assert key in models.table(), "docs/models.md: give each model a row"
    paper, _ = models.table()[key]
    assert links.rewritten(paper, f"models/{key}.md", "") in page
    assert source.models()[key].attribute("kind") == model.kind
    assert f"models/{key}.md" in made["lectures.md"]
    assert f"`{key}`" in README, "README: name each model"
    for recipe in recipes.of_model(key):
        assert f"### `{recipe.name}` {{ #recipe-{recipe.name} }}" in page
        assert recipe.command in page


def test_the_table_of_models_has_a_section_for_each_kind(site):
    sections = re.findall(r"^## (.+)\n\n(\| key(?:.+\n)+)", site["models.md"], re.M)
    linked = {title: re.findall(r"\]\(models/(\w+)\.md\)", rows) for title, rows in sections}
    assert linked == recipes.models_by_kind()


def test_first_pages_begin_with_the_same_command(made):
    command = re.search(r"^python3 -m venv .*", README, re.M)[0]
    assert command.endswith("tfgan_zoo.train --config=dcgan_conditional")
    for page in (made["index.md"], DOCS["getting_started.md"]):
        assert re.search(r"^```(?:sh)?\n(.*)", page, re.M)[1] == command
    assert "Nothing has been run on a GPU" in made["index.md"]


@pytest.mark.parametrize("key", MODELS)
def test_methods_in_the_table_of_a_page_exist(made, key):
    table = made[f"models/{key}.md"].partition("## Use\n")[2].partition("\n## ")[0]
    named = re.findall(r"^\| \[?`(\w+)`", table, re.M)
    assert "export" in named
    assert all(callable(getattr(MODELS[key], name)) for name in named)
    assert {"generate", "translate", "encode"} & set(dir(MODELS[key])) <= set(named)


def test_the_table_of_recipes_has_every_header(made):
    files = sorted(path for path in (ROOT / "configs").glob("*.py") if path.stem[0] != "_")
    rows = dict(re.findall(r"^\| \[`(\w+)`\]\([^)]*\) \| (.*) \|$", made["recipes.md"], re.M))
    assert rows.keys() == {path.stem for path in files}
    for path in files:
        header = inspect.cleandoc(re.search(r'"""(.*?)"""', path.read_text("utf-8"), re.S)[1])
        cost, result = re.search(r"^Cost: (.*)\nResult:(.*)", header, re.S | re.M).groups()
        cells = [cell.strip(" *`") for cell in rows[path.stem].split(" | ")]
        assert f"--config={path.stem}" in rows[path.stem] or "--model=" in rows[path.stem]
        for words, cell in ((cost, cells[-2]), (result, cells[-1])):
            if "docs/" not in words:
                assert text.cell(text.escaped(words)) in re.sub("<[^>]*>", "", cell)


@pytest.mark.parametrize("missing", ["Command", "Cost", "Result"])
def test_a_header_that_lacks_a_line_is_refused(monkeypatch, tmp_path, missing):
    code = (ROOT / "configs" / "dcgan.py").read_text("utf-8")
    (tmp_path / "lacking.py").write_text(code.replace(f"{missing}:", f"{missing}"), "utf-8")
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"lacking\.py: the header needs"):
        recipes.read("lacking")


def test_commands_show_the_flags_of_help():
    for command in commands.names():
        main = importlib.import_module(commands.module_of(command)).main
        written = io.StringIO()
        with redirect_stdout(written), redirect_stderr(written), pytest.raises(SystemExit):
            main(["--help"])
        listed = set(re.findall(r"^ +--(?:\[no\])?(\w+)", written.getvalue(), re.M)) - {"help"}
        assert {re.match(r"--(\w+)", flag)[1] for flag, _, _ in commands.flags(command)} >= listed
        assert listed


def test_commands_of_the_lectures_are_accepted(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from tfgan_zoo import train

    lines = re.findall(r"python -m tfgan_zoo\.train ([^`\n]*)", made["lectures.md"])
    lines = [line for line in lines if "PATH" not in line]
    assert len(lines) > 25
    for line in lines:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            train.main([*shlex.split(line), "--dry_run"])


def test_pictures_of_models_have_descriptions():
    named = [name for shown in models.pictures().values() for name in shown]
    assert {"dcgan_figures.png", "denoising_filters.png"} <= set(named)
    assert models.pictures()["wgan"] == ["wgan_figures.png"]
    assert not [name for name in named if not models.descriptions().get(name)]


@pytest.mark.parametrize(
    ("words", "page", "expected"),
    [
        ("[a](docs/data.md#labels)", "index.md", "[a](data.md#labels)"),
        ("[a](README.md#what-has-been-run)", "data.md", "[a](index.md#what-has-been-run)"),
        ("[a](tfgan_zoo/models/gan.py)", "models.md", "[a](models/gan.md)"),
        ("[a](tfgan_zoo/models/base.py)", "models.md", "a"),
        ("[a](configs/dcgan.py)", "models/gan.md", "[a](dcgan.md#recipe-dcgan)"),
        ("see [the\nfile](Dockerfile).", "index.md", "see the\nfile."),
        ("`[a](none.md)`", "index.md", "`[a](none.md)`"),
        ("[a](https://example.org/b.md)", "index.md", "[a](https://example.org/b.md)"),
        ('<img src="docs/images/report.png" alt="r">', "models/gan.md",
         '<img src="../images/report.png" alt="r">'),
    ],
)  # fmt: skip
def test_links_of_the_repository(words, page, expected):
    assert links.rewritten(words, page, "") == expected


def test_links_to_files_lead_to_the_repository_if_it_is_known():
    address = "https://example.org/a/b/"
    assert links.rewritten("[a](../Dockerfile)", "data.md", "docs", address) == (
        "[a](https://example.org/a/b/blob/HEAD/Dockerfile)"
    )


def test_bars_in_the_code_of_tables():
    assert text.plain_bars("| `a\\|b` | c\\|d |\n`e\\|f`") == "| `a|b` | c\\|d |\n`e\\|f`"


def test_docstrings_become_markdown():
    written = inspect.cleandoc(
        """Returns x * y, for E[x] and W_1.

        The loss is

            L = E[a_b * c]

        in [0, 1]; see `DCGAN`, `losses.l1` and https://example.org/a_b.

        - One item, `a_b and
          c_d`, which goes on.

        `docs/data.md` has more.

        >>> one(1)

        Args:
            a_b: Of x * y.
                More of it.
            **kwargs: See `Loss`.

        Returns:
            A pair: x and y, and a third:
            z.

        Raises:
            InputError: If x_1 is below 0.

        Example:
            >>> loss(x_1)
            1.0
        """
    )
    found = docstrings.converted(written, "Loss")
    assert r"x \* y, for E\[x\] and W\_1." in found
    assert "    L = E[a_b * c]\n" in found
    assert "[`DCGAN`][tfgan_zoo.models.DCGAN]" in found
    assert "[`losses.l1`][tfgan_zoo.losses.l1]" in found
    assert "<https://example.org/a_b>." in found
    assert "- One item, `a_b and\n    c_d`, which goes on." in found
    assert "[Data](../data.md) has more.\n\n```pycon\n>>> one(1)\n```" in found
    assert "    a_b: Of x \\* y.\n        More of it.\n    **kwargs: See `Loss`." in found
    assert "Returns:\n    A pair&#58; x and y, and a third&#58;\n    z." in found
    assert "Raises:\n    InputError: If x\\_1 is below 0." in found
    assert "Examples:\n    >>> loss(x_1)\n    1.0" in found


def test_blocks_of_commands_say_so():
    page = "```\npython -m a --b\n```\n\nText\n\n```\nprinted --b\n```\n\n```python\npip = 1\n```\n"
    found = text.with_shells(page + "```\nCUDA_VISIBLE_DEVICES=0 python a\n```\n")
    assert found.count("```sh\n") == 2
    assert "```sh\npython -m a --b\n```\n\nText\n\n```\nprinted --b\n```" in found
    assert "```python\npip = 1" in found


def test_flags_and_dates_stay_in_one_line():
    found = rendered.with_whole_flags("<code>a --b=c</code> and --d")
    assert found == '<code>a <span class="flag">--b=c</span></code> and --d'
    block = '<div class="language-sh highlight"><pre><code>{}\n</code></pre></div>'
    found = rendered.with_whole_flags(block.format("a --b.c<i>=</i>d-e\nf"))
    assert '<span class="line">a <span class="flag">--b.c</span><i>=</i>d-e</span>\n' in found
    assert '\n<span class="line">f</span>\n</code>' in found
    several = block.format("a <span>'b\nc'</span>")
    assert rendered.with_whole_flags(several) == several
    found = rendered.with_whole_dates(
        'on 2026-11-29 <a href="2026-11-29">a</a><code>2026-11-29</code>'
    )
    assert found.count('class="date"') == 1
    assert '<span class="date">2026-11-29</span>' in found


def test_cells_of_tables_with_sentences_name_their_columns():
    head = "<table><thead><tr><th>a</th><th><code>b</code></th><th>c</th></tr></thead>"
    sentence = "A sentence that is longer than a number."
    table = f"{head}<tr><td>1</td><td>{sentence}</td><td></td></tr></table>"
    found = rendered.with_named_cells(table)
    assert f'<td data-head="b"><div>{sentence}</div></td><td data-head="c"></td>' in found
    numbers = f"{head}<tr><td>1</td><td>2</td><td>3</td></tr></table>"
    assert rendered.with_named_cells(numbers) == numbers
    documented = numbers.replace(">a<", ">Description<").replace("<tr><td>", '<tr class="x"><td>')
    assert rendered.with_named_cells(documented).count("data-head") == 3
    pictures = table.replace("<td>1", '<td><img src="a.png">')
    assert rendered.with_named_cells(pictures) == pictures


def test_models_name_their_presets(made):
    assert "[`vae_mnist`](../presets.md#vae_mnist)" in made["models/vae.md"]
    assert "| presets |" not in made["models/lsgan.md"]

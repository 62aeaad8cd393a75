"""The notebooks: what they are made of, and, with `.ci/extras`, each of them executed."""

import ast
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"

#: Settings with which each is executed, in place of those in its cell tagged `parameters`.
TINY = {
    "gan_in_ten_minutes": {"EPOCHS": 2, "STEPS_PER_EPOCH": 2, "FILTERS": 4},
    "why_gans_fail": {"STEPS": 10, "SAMPLES": 50},
    "from_autoencoder_to_vae_gan": {"STEPS": 2, "GAN_STEPS": 2, "FILTERS": 4, "IMAGES": 64},
    "your_images_to_a_served_model": {
        "STEPS": 2,
        "SIZE": 16,
        "MORE": [f"--config.{role}.filters=4" for role in ("generator", "discriminator")],
    },
}


def cells_of(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]


def settings_of(cell):
    """Returns the names that a cell sets."""
    tree = ast.parse("".join(cell["source"]))
    return {target.id for node in tree.body for target in node.targets}


def test_every_notebook_is_executed_and_listed():
    names = {path.stem for path in FOLDER.glob("*.ipynb")}
    assert names == TINY.keys()
    page = (FOLDER.parent / "docs" / "notebooks.md").read_text("utf-8")
    assert set(re.findall(r"\(\.\./notebooks/(\w+)\.ipynb\)", page)) == names


@pytest.mark.parametrize("name", TINY)
def test_notebooks_have_settings_and_no_outputs(name):
    cells = cells_of(name)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert "%pip install" in "".join(code[0]["source"])
    tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", ())]
    assert tagged == [code[1]]
    # Settings that do not exist would leave the long ones in place.
    assert settings_of(tagged[0]) >= TINY[name].keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_notebooks_run(tmp_path, name):
    nbclient = pytest.importorskip("nbclient", reason="pip install 'tfgan_zoo[notebooks]'")
    pytest.importorskip("ipykernel", reason="pip install 'tfgan_zoo[notebooks]'")
    import nbformat

    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    place = next(
        i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", ())
    )
    lines = [f"{key} = {value!r}" for key, value in TINY[name].items()]
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell("\n".join(lines)))
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    shown = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code" and "tfgan_zoo.show(" in cell.source
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    calls = sum("tfgan_zoo.show(" in cell.source for cell in notebook.cells if "outputs" in cell)
    assert len(shown) == calls > 0

"""The example notebook, run cell by cell in a real kernel as Jupyter runs it."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "athena.ipynb"


def shown(cell):
    """Return what a cell printed and what its last line was worth, as text."""
    printed = [one["text"] for one in cell.outputs if one["output_type"] == "stream"]
    data = [one["data"]["text/plain"] for one in cell.outputs if "data" in one]
    return "".join(printed), data[-1] if data else ""


def test_the_example_notebook_answers(lakebed, tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    table = shown(code[1])[1]
    assert [line.split()[1:4] for line in table.splitlines()[1:]] == [
        ["day", "date", "False"], ["city", "string", "False"], ["celsius", "double", "False"],
        ["month", "int", "True"],
    ]  # fmt: skip
    answer = [line.split() for line in shown(code[2])[1].splitlines()[1:]]
    assert answer == [["0", "Bern", "9", "9.53"], ["1", "Oslo", "10", "9.61"],
                      ["2", "Rome", "10", "10.00"]]  # fmt: skip
    assert int(shown(code[3])[1].strip("'").split()[0]) > 0
    coldest = [line.split() for line in shown(code[4])[1].splitlines()[1:]]
    assert coldest == [["0", "Bern", "5.0"], ["1", "Oslo", "5.0"], ["2", "Rome", "5.0"]]

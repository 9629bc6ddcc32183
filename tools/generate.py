"""Generates the wire tables and the typed shapes of the operations in use.

Run `python -m tools.generate` after adding an operation; `--check` names what is stale. The
operations in use are the public functions of `lakebed/services/<service>/*.py`, read without
importing them. botocore's models are the source; nothing of botocore is needed at run time.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tools.iam_actions import actions_table
from tools.operations import GenerateError, Json, operations_in_use, service_folders
from tools.own_models import load_whole_model
from tools.stubs import package_stub, service_stub
from tools.tables import index_table, service_table

_MODELS = Path("lakebed/gateway/wire/models")
_SHAPES = Path("lakebed/shapes")
_ACTIONS = Path("lakebed/govern/actions")


def _format(text: str, path: Path, root: Path) -> str:
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"],
            input=text, capture_output=True, text=True, check=True, cwd=root,
        )  # fmt: skip
        text = done.stdout
    return text


def generate(root: Path) -> dict[Path, str]:
    """Return every generated file's text by its path under `root`."""
    files: dict[Path, str] = {}
    models: dict[str, Json] = {}
    for folder in service_folders(root):
        service = folder.name
        model = load_whole_model(service)
        operations = operations_in_use(folder, model)
        models[service] = model
        files[_MODELS / f"{service}.json"] = service_table(service, model, operations)
        files[_ACTIONS / f"{service}.json"] = actions_table(service, model, operations)
        shapes = _SHAPES / f"{service}.py"
        files[shapes] = _format(service_stub(service, model, operations), shapes, root)
    files[_MODELS / "index.json"] = index_table(models)
    package = _SHAPES / "__init__.py"
    files[package] = _format(package_stub(sorted(models)), package, root)
    return files


def stale_files(root: Path, files: dict[Path, str]) -> list[Path]:
    """Return the paths whose text on disk is not what would be generated, or should not be."""
    stale = [
        path
        for path, text in files.items()
        if not (root / path).exists() or (root / path).read_text("utf-8") != text
    ]
    folders = ((_MODELS, "*.json"), (_SHAPES, "*.py"), (_ACTIONS, "*.json"))
    present = [path for folder, names in folders for path in (root / folder).glob(names)]
    return sorted(
        {*stale, *(path.relative_to(root) for path in present)} - (set(files) - set(stale))
    )


def _write(root: Path, files: dict[Path, str]) -> None:
    for path in stale_files(root, files):
        target = root / path
        if path not in files:
            target.unlink()
            print(f"removed {path}")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[path], "utf-8")
        print(f"wrote {path}")


def main(arguments: list[str] | None = None) -> int:
    """Generate, or check that what is generated is current; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name stale files")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parent.parent
    try:
        files = generate(root)
    except GenerateError as error:
        print(error, file=sys.stderr)
        return 1
    if not options.check:
        _write(root, files)
        return 0
    stale = stale_files(root, files)
    for path in stale:
        print(f"stale: {path} (run `make generate`)", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

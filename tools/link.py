"""Make the checkout importable in a virtual environment, with its `lakebed` command.

Does what `pip install --editable` does, without fetching a build backend: a `.pth` file, the
console script and the metadata that carries the entry points (engines, the pytest plugin).
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """#!{python}
import sys
from lakebed.cli.main import main
sys.exit(main())
"""


def main(venv: Path) -> None:
    """Link the checkout into `venv`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    site = next((venv / "lib").glob("python3*/site-packages"))
    (site / "lakebed-checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    version: dict[str, str] = {}
    exec((ROOT / "lakebed" / "__init__.py").read_text(encoding="utf-8"), version)
    info = site / f"lakebed-{version['__version__']}.dist-info"
    info.mkdir(exist_ok=True)
    lines = ["Metadata-Version: 2.1", "Name: lakebed", f"Version: {version['__version__']}", ""]
    (info / "METADATA").write_text("\n".join(lines), encoding="utf-8")
    (info / "INSTALLER").write_text("lakebed\n", encoding="utf-8")
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    sections = (
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in entries.items()), ""])
        for group, entries in groups.items()
    )
    (info / "entry_points.txt").write_text("\n".join(sections), encoding="utf-8")
    script = venv / "bin" / "lakebed"
    script.write_text(SCRIPT.format(python=(venv / "bin" / "python").absolute()), encoding="utf-8")
    script.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Writes docs/learn/README.md: the subjects of the mission, which lab teaches each, what is built.

The subjects are docs/learn/mission.toml; what is built is read from the wire tables, like the
coverage table: nothing on the map is claimed by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "lakebed" / "gateway" / "wire" / "models"
LEARN = ROOT / "docs" / "learn"
PAGE = LEARN / "README.md"

_HEAD = """# Learn a data lake by breaking one

Each lab is a page: *do* something, *look* at what it made, *break* it, *clean up*.
The code is boto3's and runs against AWS as well as against lakebed, unless a lab says that it is
lakebed's own. A test runs every line of every lab and compares what it prints.

```
lakebed serve                  # in one shell
eval "$(lakebed env)"          # in another; then python, and paste
```

The map is made from the code by `make generate`: *real* means that every operation that stands for
the subject is built, *partial* that some are, *absent* that none is. Details:
[the coverage table](../reference/coverage.md).

| subject | on AWS | | lab |
|---|---|---|---|
"""


def learn_map() -> str:
    """Return the page."""
    subjects: Sequence[Mapping[str, Any]] = tomllib.loads(
        (LEARN / "mission.toml").read_text(encoding="utf-8")
    )["subject"]
    return _HEAD + "".join(map(_row, subjects))


def _row(subject: Mapping[str, Any]) -> str:
    wanted: Sequence[str] = subject["operations"]
    missing = [one for one in wanted if one not in _built(subject["service"])]
    state = "real" if not missing else "absent" if len(missing) == len(wanted) else "partial"
    lab = subject.get("lab")
    shown = f"[{_title(lab)}]({lab})" if lab else ""
    without = f" (without {', '.join(missing)})" if state == "partial" else ""
    return f"| {subject['name']} | {subject['what']} | {state}{without} | {shown} |\n"


def _built(service: str) -> Mapping[str, Any]:
    """Return the operations of a service that are built, by name."""
    path = MODELS / f"{service}.json"
    return msgspec.json.decode(path.read_bytes())["operations"] if path.exists() else {}


def _title(lab: str) -> str:
    first = (LEARN / lab).read_text(encoding="utf-8").splitlines()[0]
    return first.removeprefix("# ")

"""Ask a running Trino for its answers: `python -m tests.conformance.oracle URL [SEED] [COUNT]`.

The statements are those of `selects` from the seed. The answers in which lakebed agrees go to
`oracle/SEED.jsonl.gz`, where a test replays them; the others are printed, to be understood first,
and named with their class in `oracle/left_out.tsv`.
The protocol: https://trino.io/docs/current/develop/client-protocol.html
"""

from __future__ import annotations

import gzip
import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from lakebed.dialect import conversions, macros
from lakebed.dialect.errors import TrinoError
from lakebed.dialect.types import parse_type
from lakebed.engines.sql.duckdb import failures, udf
from tests.conformance import answers, selects
from tests.conformance import left_out as classes
from tests.dialect.test_cases import lowered

FOLDER = Path(__file__).parent / "oracle"
LEFT_OUT = FOLDER / "left_out.tsv"
DAYS = FOLDER / "days.json"
"""The day on which each seed was asked: a time becomes a timestamp of the day of today."""
_HEADERS = {
    "X-Trino-User": "oracle",
    "X-Trino-Time-Zone": "UTC",
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}
_ASKED_AT_ONCE = 4
_ON_THAT_DAY = """
CREATE OR REPLACE MACRO lb_on_today(x) AS TIMESTAMP '{day}' + to_microseconds(x // 1000000)"""


def ask(url: str, text: str) -> dict[str, Any]:
    """Return Trino's answer to a statement, as `answers` describes it."""
    request = urllib.request.Request(f"{url}/v1/statement", text.encode(), _HEADERS)
    page = _page(request)
    answer: dict[str, Any] = {"sql": text, "columns": [], "rows": []}
    while True:
        if page.get("columns"):
            answer["columns"] = [[one["name"], one["type"]] for one in page["columns"]]
        answer["rows"] += page.get("data") or []
        if error := page.get("error"):
            return {"sql": text, "error": error["errorName"], "message": error["message"]}
        if "nextUri" not in page:
            return answer
        page = _page(page["nextUri"])


def _page(where: Any) -> dict[str, Any]:
    with urllib.request.urlopen(where) as answer:
        return json.load(answer)


def database() -> duckdb.DuckDBPyConnection:
    """Return a database in which statements run."""
    found = duckdb.connect(config={"threads": 1})
    found.execute(macros.common())
    return found


def disagreement(connection: duckdb.DuckDBPyConnection, answer: dict[str, Any]) -> str:
    """Say how lakebed answers a statement otherwise than Trino did; an empty text if it agrees."""
    try:
        query, text = lowered(answer["sql"])
        kinds = [kind for _, kind in query.columns]
        shown = (conversions.value_text(f"c{at}", kind) for at, kind in enumerate(kinds))
        whole = f"SELECT {', '.join(shown)} FROM ({text})"
        udf.define(connection, whole)
        connection.execute(_ON_THAT_DAY.format(day=answer["day"]))
        rows = [[None if one is None else str(one) for one in row]
                for row in connection.execute(whole).fetchall()]  # fmt: skip
    except (TrinoError, duckdb.Error) as error:
        found = failures.describe(error)
        same = found["name"] == answer.get("error") and "Error: " not in found["message"]
        return "" if same else f"{found['name']}: {found['message']}"
    if "error" in answer:
        return f"{rows}, not {answer['error']}"
    names = [name or f"_col{at}" for at, (name, _) in enumerate(query.columns)]
    theirs = [(name, spelled(kind)) for name, kind in answer["columns"]]
    ours = list(zip(names, map(spelled, map(str, kinds)), strict=True))
    if ours != theirs:
        return f"{ours}, not {theirs}"
    expected = [parse_type(kind) for _, kind in answer["columns"]]
    return answers.mismatch(rows, answer["rows"], expected, ordered=True)


def spelled(kind: str) -> str:
    """Spell a type in one way."""
    return kind.replace(", ", ",").lower()


def recorded() -> Iterator[dict[str, Any]]:
    """Yield the answers that were written down, each with the day on which it was given."""
    days = _days()
    for path in sorted(FOLDER.glob("*.jsonl.gz")):
        day = {"day": days[path.name.partition(".")[0]]}
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from (json.loads(line) | day for line in lines)


def _days() -> dict[str, str]:
    return json.loads(DAYS.read_text("utf-8"))


def main(url: str, seed: int = 1, count: int = 2500) -> None:
    """Ask, compare, write down."""
    texts = selects.statements(seed, count)
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        found = list(pool.map(lambda text: ask(url.rstrip("/"), text), texts))
    write(seed, found)


def write(seed: int, found: Iterable[dict[str, Any]]) -> None:
    """Write down the answers that agree, and of the others the statements and their classes."""
    others = [line for line in left_out() if line[0] != str(seed)]
    connection = database()
    agreed = 0
    day = {"day": datetime.now(UTC).date().isoformat()}
    with gzip.GzipFile(FOLDER / f"{seed}.jsonl.gz", "wb", mtime=0) as file:
        for answer in found:
            if why := disagreement(connection, answer | day):
                name = classes.of(answer, why).name
                print(f"{name}: {answer['sql']}\n    {why[:300]}")
                others.append((str(seed), name, answer["sql"]))
                continue
            agreed += 1
            kept = {key: value for key, value in answer.items() if key != "message"}
            file.write(json.dumps(kept, ensure_ascii=False).encode() + b"\n")
    LEFT_OUT.write_text("".join("\t".join(line) + "\n" for line in sorted(others)), "utf-8")
    days = _days() | {str(seed): day["day"]}
    DAYS.write_text(json.dumps(days, indent=2, sort_keys=True) + "\n", "utf-8")
    print(f"{agreed} agree")


def left_out() -> list[tuple[str, str, str]]:
    """Return seed, class and statement of what was asked and is not among the answers."""
    lines = LEFT_OUT.read_text("utf-8").splitlines() if LEFT_OUT.exists() else []
    return [(seed, name, text) for seed, name, text in (line.split("\t") for line in lines)]


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

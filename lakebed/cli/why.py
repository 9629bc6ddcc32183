"""`lakebed why`: why a call was refused, or what would have been refused in `strict` mode."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakebed.cli.settings import Resolved
from lakebed.core.decision_files import FOLDER, newest_first

_LISTED = 20
_OUTCOMES = {
    "applies": "matches",
    "resource": "is about other resources",
    "principal": "names somebody else",
    "conditions": "has conditions that are not met",
}

Record = Mapping[str, Any]


def why(options: argparse.Namespace, resolved: Resolved) -> int:
    """Run the command and return its exit status: 0, or 1 if no such request was refused."""
    folder = resolved.settings.state_dir / FOLDER
    if options.request_id is None:
        _list(folder, as_json=options.json)
        return 0
    found = _found(folder, options.request_id)
    if found is None:
        print(
            f"lakebed why: no refusal of a request {options.request_id} is written down in "
            f"{folder}. Refusals are kept for a while; what is not one has no record.",
            file=sys.stderr,
        )
        return 1
    print(json.dumps(found, indent=2) if options.json else "\n".join(_lines(found)))
    return 0


def _newest_first(folder: Path) -> Iterator[bytes]:
    for path in newest_first(folder):
        yield from reversed(path.read_bytes().splitlines())


def _found(folder: Path, request_id: str) -> Record | None:
    """Return the record of a request; the first of several is what it was refused for."""
    wanted = request_id.encode()
    for line in _newest_first(folder):
        if wanted in line:
            record = _record(line)
            if record is not None and record["request_id"] == request_id:
                return record
    return None


def _record(line: bytes) -> Record | None:
    """Return a line's record; None for one that a crash cut off."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _list(folder: Path, *, as_json: bool) -> None:
    shown = 0
    for line in _newest_first(folder):
        record = _record(line)
        if record is None:
            continue
        if as_json:
            print(json.dumps(record))
        else:
            asked = record["why"]
            what = f"{asked['action']} on {asked['resource'] or '*'}"
            print(f"{_time(record)} {record['request_id']} {record['principal']} {what}: "
                  f"{_result(record)}")  # fmt: skip
        shown += 1
        if shown == _LISTED:
            return
    if not shown and not as_json:
        print("nothing was refused, as far back as it is kept")


def _time(record: Record) -> str:
    return datetime.fromtimestamp(record["time"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _result(record: Record) -> str:
    return "refused" if record["is_enforced"] else "let through, since the mode is open"


def _lines(record: Record) -> Iterator[str]:
    asked: Mapping[str, Any] = record["why"]
    yield f"{_time(record)} {record['service']}.{record['operation']}: {_result(record)}"
    yield f"principal:  {record['principal']}"
    yield f"action:     {asked['action']}"
    yield f"resource:   {asked['resource'] or '*'} (of account {asked['owner']})"
    yield f"told:       {record['reason']}"
    yield f"because:    {asked['decided_by']}"
    policies = ", ".join(f"{count} {kind}" for kind, count in asked["policies"].items())
    yield f"policies:   {policies or 'none'}"
    yield "statements about the action:"
    if not asked["statements"]:
        yield "  none"
    for one in asked["statements"]:
        yield from _statement_lines(one)
    yield "what would allow it:"
    yield from (f"  {advice}" for advice in asked["advice"])
    yield "condition keys of the request:"
    yield from (f"  {key} = {_texts(values)}" for key, values in asked["conditions"].items())


def _statement_lines(one: Mapping[str, Any]) -> Iterator[str]:
    name = f" {one['policy']}" if one["policy"] else ""
    outcome = _OUTCOMES[one["outcome"]]
    yield f"  {one['effect']} {one['statement']} of the {one['kind']} policy{name}: {outcome}"
    for test in one["conditions"]:
        holds = "holds" if test["holds"] else "does not hold"
        given = f"is {_texts(test['given'])}" if test["given"] else "is not there"
        yield (
            f"    {test['operator']} {test['key']} {_texts(test['wanted'])}: {holds}, the "
            f"request's {given}"
        )


def _texts(values: list[str]) -> str:
    return values[0] if len(values) == 1 else json.dumps(values)

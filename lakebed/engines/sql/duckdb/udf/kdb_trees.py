"""Trees of rectangles that part the plane so that each has few geometries, for spatial joins.

spatial_partitioning makes one of a sample, as JSON; spatial_partitions finds the leaves that a
geometry touches. Trino does not document them: the splits and the JSON are those seen on it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import shapely

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.geometry import invalid
from lakebed.engines.sql.duckdb.udf.geometry import read as geometry

_library: Any = shapely
_PARTITIONS = 100
_DEPTH_MAX = 200
_SIDES = ("xmin", "ymin", "xmax", "ymax")
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Node:
    extent: Box
    below: tuple[_Node, ...] = ()
    leaf: int | None = None

    def told(self) -> dict[str, Any]:
        """Return the node as its JSON has it."""
        found: dict[str, Any] = {"extent": dict(zip(_SIDES, self.extent, strict=True))}
        if self.below:
            left, right = self.below
            return found | {"left": left.told(), "right": right.told()}
        return found | {"leafId": self.leaf}


@function
def partitioning(items: Sequence[bytes | None]) -> str | None:
    """Return the tree of a hundred parts of the geometries that are not empty."""
    return _partitioned([data for data in items if data is not None], _PARTITIONS)


@function
def partitioning_in(rows: Sequence[dict[str, Any]]) -> str | None:
    """Return the tree of so many parts of the geometries that are not empty."""
    known = [row for row in rows if None not in row.values()]
    return _partitioned([row["a0"] for row in known], known[0]["a1"]) if known else None


def _partitioned(items: Sequence[bytes], parts: int) -> str | None:
    if parts < 1:
        raise TrinoError("GENERIC_INTERNAL_ERROR", "partitionCount must be positive")
    boxes = [_box(geometry(data)) for data in items]
    known = [box for box in boxes if box is not None]
    if not known:
        return None
    left, low = min(box[0] for box in known), min(box[1] for box in known)
    right, high = max(box[2] for box in known), max(box[3] for box in known)
    # What lies on the right or upper side has to lie within.
    extent = left, low, math.nextafter(right, math.inf), math.nextafter(high, math.inf)
    most = -(-len(known) // parts)
    numbers = count()
    root = _built(extent, known, most, lambda: next(numbers), 0)
    return json.dumps({"root": root.told()}, separators=(",", ":"))


def _box(found: Any) -> Box | None:
    return None if found.is_empty else found.bounds


def _built(
    extent: Box, boxes: list[Box], most: int, number: Callable[[], int], depth: int
) -> _Node:
    """Split along the longer side, else along the other, until a part has few boxes."""
    if len(boxes) > most and depth < _DEPTH_MAX:
        wide = extent[2] - extent[0] >= extent[3] - extent[1]
        for side in (0, 1) if wide else (1, 0):
            at = _split(sorted(box[side] for box in boxes))
            if at is None:
                continue
            less, more = list(extent), list(extent)
            less[side + 2] = more[side] = at
            parts = (
                (less, [box for box in boxes if box[side] < at]),
                (more, [box for box in boxes if box[side] >= at]),
            )
            below = [
                _built((one[0], one[1], one[2], one[3]), held, most, number, depth + 1)
                for one, held in parts
            ]
            return _Node(extent, tuple(below))
    return _Node(extent, leaf=number())


def _split(values: list[float]) -> float | None:
    """Return the middle between the middle value and the next that is another."""
    middle = values[(len(values) - 1) // 2]
    following = next((value for value in values[len(values) // 2 :] if value > middle), None)
    return None if following is None else (middle + following) / 2


# --- a tree that is there ---


@function
def read(text: str) -> str:
    """Check the JSON of a tree and write it as Trino does."""
    try:
        return json.dumps({"root": _tree(text).told()}, separators=(",", ":"))
    except (ValueError, KeyError, TypeError, AttributeError):
        message = "Invalid JSON string for KDB tree"
        raise TrinoError("INVALID_CAST_ARGUMENT", message) from None


@function
def try_read(text: str) -> str | None:
    """Write the JSON of a tree as Trino does; NULL where it is none."""
    try:
        return str(read(text))
    except TrinoError:
        return None


@lru_cache(maxsize=8)
def _tree(text: str) -> _Node:
    return _node(json.loads(text)["root"])


def _node(told: dict[str, Any]) -> _Node:
    left, low, right, high = (float(told["extent"][side]) for side in _SIDES)
    extent = left, low, right, high
    if "left" in told:
        return _Node(extent, (_node(told["left"]), _node(told["right"])))
    return _Node(extent, leaf=int(told["leafId"]))


@function
def partitions(text: str, data: bytes) -> list[int] | None:
    """Return the leaves that a geometry's box touches; a point is in one at most."""
    return _leaves(text, geometry(data), 0)


@function
def partitions_near(text: str, data: bytes, distance: float) -> list[int] | None:
    """Return the leaves within a distance of a geometry's box."""
    if math.isnan(distance):
        raise invalid("distance is NaN")
    if math.isinf(distance):
        raise invalid("distance is infinite")
    if distance < 0:
        raise invalid("distance is negative")
    return _leaves(text, geometry(data), distance)


def _leaves(text: str, found: Any, distance: float) -> list[int] | None:
    if found.is_empty:
        return None
    left, low, right, high = found.bounds
    box = left - distance, low - distance, right + distance, high + distance
    is_point = found.geom_type == "Point" and distance == 0
    reached: list[int] = []
    waiting = [_tree(text)]
    while waiting:
        node = waiting.pop()
        if not _touches(node.extent, box, is_point):
            continue
        if node.leaf is not None:
            reached.append(node.leaf)
        waiting.extend(reversed(node.below))
    return reached


def _touches(extent: Box, box: Box, is_point: bool) -> bool:
    if is_point:
        return extent[0] <= box[0] < extent[2] and extent[1] <= box[1] < extent[3]
    return (
        extent[0] <= box[2] and box[0] <= extent[2] and extent[1] <= box[3] and box[1] <= extent[3]
    )

"""Why a geometry is invalid, in the words that Trino has from Esri's library.

The reason names two points: the starts of the segments that meet, or the points that coincide.
Checks come in the order seen on Trino: structure of rings, segments without length, segments that
cross or overlap, segments that coincide, rings within the wrong rings, points where lines touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import shapely

from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.geometry import read

_library: Any = shapely
Point = tuple[float, float]
Path = list[Point]


@function
def reason(data: bytes) -> str | None:
    """Return why a geometry is invalid; NULL where it is not."""
    return _reason(read(data))


@function
def is_valid(data: bytes) -> bool:
    """Tell whether a geometry is valid."""
    return _reason(read(data)) is None


def _reason(found: Any) -> str | None:
    if found.is_empty or found.geom_type == "Point":
        return None
    if found.geom_type == "GeometryCollection":
        return next((why for part in found.geoms if (why := _reason(part))), None)
    if found.geom_type == "MultiPoint":
        return _repeated([_point(one.coords[0]) for one in found.geoms])
    areas = found.geom_type in ("Polygon", "MultiPolygon")
    paths = _rings(found) if areas else _lines(found)
    why = _degenerate(paths, areas)
    if why is not None:
        return why
    # A hole whose corner lies on the outer ring is valid elsewhere, but not on Trino.
    is_valid = found.is_valid if areas else found.is_simple
    if is_valid and (not areas or len(paths) == 1):
        return None
    why = _met(paths)
    if is_valid or why is not None:
        return why
    return (_misplaced(paths) if areas else None) or _touching(paths, areas)


def _point(coordinate: Sequence[float]) -> Point:
    return float(coordinate[0]), float(coordinate[1])


def _lines(found: Any) -> list[Path]:
    parts = found.geoms if found.geom_type == "MultiLineString" else [found]
    return [[_point(one) for one in part.coords] for part in parts]


def _rings(found: Any) -> list[Path]:
    """Return the rings as Esri's library has them: outer ones with the clock, inner ones not."""
    turned = _library.orient_polygons(found, exterior_cw=True)
    parts = turned.geoms if found.geom_type == "MultiPolygon" else [turned]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [[_point(one) for one in ring.coords] for ring in rings]


def _shown(what: str, *points: Point) -> str:
    places = " and ".join(f"({x} {y})" for x, y in points)
    return f"{what} at or near {places}" if points else what


def _repeated(points: Path) -> str | None:
    seen: set[Point] = set()
    for point in points:
        if point in seen:
            return _shown("Repeated points", point, point)
        seen.add(point)
    return None


def _vertices(paths: Sequence[Path], areas: bool) -> Path:
    """Return all points by number; the last point of a ring has none."""
    return [point for path in paths for point in (path[:-1] if areas else path)]


def _degenerate(paths: Sequence[Path], areas: bool) -> str | None:
    for at, path in enumerate(paths):
        if areas and len(set(path)) < 3:
            points = _vertices(paths, areas)
            return _shown("Structure", points[at], points[0])
    for path in paths:
        for one, other in zip(path, path[1:], strict=False):
            if one == other:
                return _shown("Degenerate segments", one)
    return None


def _met(paths: Sequence[Path]) -> str | None:
    """Find two segments that meet in more than an end of both."""
    segments = [pair for path in paths for pair in zip(path, path[1:], strict=False)]
    lines = [_library.LineString(segment) for segment in segments]
    found: Any = _library.STRtree(lines).query(lines)
    near = sorted((int(one), int(other)) for one, other in found.T if one < other)
    for what, meets in _MEETINGS:
        for one, other in near:
            if meets(segments[one], segments[other]):
                return _shown(what, segments[one][0], segments[other][0])
    return None


Segment = tuple[Point, Point]


def _turn(one: Point, other: Point, third: Point) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])


def _inside(point: Point, segment: Segment) -> bool:
    """Tell whether a point lies on a segment and is none of its ends."""
    one, other = segment
    if point in segment or _turn(one, other, point) != 0:
        return False
    return min(one[0], other[0]) <= point[0] <= max(one[0], other[0]) and min(
        one[1], other[1]
    ) <= point[1] <= max(one[1], other[1])


def _crosses(one: Segment, other: Segment) -> bool:
    sides = _turn(*one, other[0]) * _turn(*one, other[1])
    if sides < 0 and _turn(*other, one[0]) * _turn(*other, one[1]) < 0:
        return True
    return any(_inside(point, other) for point in one) or any(
        _inside(point, one) for point in other
    )


def _coincides(one: Segment, other: Segment) -> bool:
    return set(one) == set(other)


_MEETINGS: tuple[tuple[str, Callable[[Segment, Segment], bool]], ...] = (
    ("Intersecting or overlapping segments", _crosses),
    ("Self-intersection", _coincides),
)


def _misplaced(paths: Sequence[Path]) -> str | None:
    """Find a ring that turns as it may not where it lies: as those around it ask."""
    polygons = [_library.Polygon(path) for path in paths]
    clockwise = [not _library.is_ccw(_library.LinearRing(path)) for path in paths]
    for at, polygon in enumerate(polygons):
        around = sum(
            other.contains(polygon) for number, other in enumerate(polygons) if number != at
        )
        if clockwise[at] != (around % 2 == 0):
            # Seen on Trino: a hole outside of everything is named without a point.
            points = _vertices(paths, True)
            return _shown("RingOrientation", *([points[at]] if around else []))
    return None


def _touching(paths: Sequence[Path], areas: bool) -> str:
    """Find a point that two places of the paths share."""
    seen: dict[Point, bool] = {}
    for path in paths:
        last = len(path) - 1
        for at, point in enumerate(path[:-1] if areas else path):
            is_end = not areas and at in (0, last)
            if point in seen and not (is_end and seen[point]):
                return _shown("Self-tangency", point, point)
            seen[point] = is_end
    return "Disconnected interior"

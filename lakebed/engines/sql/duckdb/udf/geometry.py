"""Geometries (https://trino.io/docs/current/functions/geospatial.html): WKB between functions.

Rings come out as Esri's library has them: the outer ones against the clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function

_library: Any = shapely
NAMES = {
    "Point": "POINT", "LineString": "LINE_STRING", "Polygon": "POLYGON",
    "MultiPoint": "MULTI_POINT", "MultiLineString": "MULTI_LINE_STRING",
    "MultiPolygon": "MULTI_POLYGON", "GeometryCollection": "GEOMETRY_COLLECTION",
}  # fmt: skip
EARTH_KM = 6371.01


def invalid(message: str) -> TrinoError:
    """Return the error for an argument that is wrong."""
    return TrinoError("INVALID_FUNCTION_ARGUMENT", message)


def read(data: bytes) -> BaseGeometry:
    """Read the bytes of a geometry."""
    return _library.from_wkb(data)


def _written(found: Any) -> bytes:
    return _library.to_wkb(_library.orient_polygons(found), byte_order=1)


def _only(found: BaseGeometry, name: str, *kinds: str) -> BaseGeometry:
    """Refuse a geometry of another kind."""
    if found.geom_type not in kinds:
        listed = " or ".join(NAMES[kind] for kind in kinds)
        kind = NAMES.get(found.geom_type, found.geom_type.upper())
        raise invalid(f"{name} only applies to {listed}. Input type is: {kind}")
    return found


_RING = re.compile(r"\(([^()]+)\)")
_POLYGONS = re.compile(r"(?i)POLYGON\s*(?:Z|M|ZM)?\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))")


def _closed(text: str) -> str:
    """Close the rings of polygons, which Esri's library does not ask for."""

    def ring(match: re.Match[str]) -> str:
        points = match.group(1).split(",")
        first, last = points[0].split(), points[-1].split()
        if first != last:
            points.append(f" {points[0].strip()}")
        return f"({','.join(points)})"

    return _POLYGONS.sub(lambda match: _RING.sub(ring, match.group(0)), text)


@function
def from_text(text: str) -> bytes:
    """Read WKT."""
    try:
        return _written(_library.from_wkt(_closed(text)))
    except _library.errors.ShapelyError:
        raise invalid(f"Invalid WKT: {text}") from None


@function
def line_from_text(text: str) -> bytes:
    """Read WKT of a line."""
    data = from_text(text)
    _only(read(data), "ST_LineFromText", "LineString")
    return data


@function
def polygon(text: str) -> bytes:
    """Read WKT of a polygon."""
    data = from_text(text)
    _only(read(data), "ST_Polygon", "Polygon")
    return data


@function
def as_text(data: bytes) -> str:
    """Write WKT."""
    return _library.to_wkt(read(data), rounding_precision=-1, trim=True)


@function
def from_binary(data: bytes) -> bytes:
    """Read WKB."""
    try:
        return _written(_library.from_wkb(data))
    except _library.errors.ShapelyError:
        raise invalid("Invalid WKB") from None


@function
def as_binary(data: bytes) -> bytes:
    """Write WKB."""
    return data


@function
def point(x: float, y: float) -> bytes:
    """Return the point at x and y."""
    return _library.to_wkb(_library.Point(x, y), byte_order=1)


def _measure(name: str, take: Callable[[Any], Any], *kinds: str) -> Callable[[bytes], Any]:
    @function
    def measured(data: bytes) -> Any:
        found = read(data)
        if kinds:
            _only(found, name, *kinds)
        return take(found)

    return measured


def _coordinate(take: Callable[[Any], float]) -> Callable[[Any], float | None]:
    return lambda found: None if found.is_empty else take(found)


_LINES = ("LineString", "MultiLineString")
_AREAS = ("Polygon", "MultiPolygon")
x = _measure("ST_X", _coordinate(lambda found: found.x), "Point")
y = _measure("ST_Y", _coordinate(lambda found: found.y), "Point")
x_min = _measure("", _coordinate(lambda found: found.bounds[0]))
y_min = _measure("", _coordinate(lambda found: found.bounds[1]))
x_max = _measure("", _coordinate(lambda found: found.bounds[2]))
y_max = _measure("", _coordinate(lambda found: found.bounds[3]))
area = _measure("", lambda found: found.area)
length = _measure("ST_Length", lambda found: found.length, *_LINES)
is_empty = _measure("", lambda found: found.is_empty)
is_closed = _measure("ST_IsClosed", lambda found: found.is_closed, *_LINES)
is_ring = _measure("ST_IsRing", lambda found: found.is_ring, "LineString")
geometry_type = _measure("", lambda found: f"ST_{found.geom_type}")
dimension = _measure("", lambda found: int(_library.get_dimensions(found)))
coordinate_dimension = _measure("", lambda found: 3 if found.has_z else 2)
point_count = _measure("", lambda found: _points_of(found))
ring_count = _measure(
    "ST_NumInteriorRing", lambda found: None if found.is_empty else len(found.interiors), "Polygon"
)
geometry_count = _measure("", lambda found: 0 if found.is_empty else len(_parts(found)))


def _points_of(found: Any) -> int:
    """Count the points; the last of a ring, which is its first, does not count."""
    total = int(_library.get_num_coordinates(found))
    for part in _parts(found):
        if part.geom_type == "Polygon" and not part.is_empty:
            total -= 1 + len(part.interiors)
    return total


def _parts(found: Any) -> Sequence[Any]:
    return list(found.geoms) if hasattr(found, "geoms") else [found]


def _shape(take: Callable[[Any], Any], name: str = "", *kinds: str) -> Callable[[bytes], Any]:
    @function
    def shaped(data: bytes) -> bytes | None:
        found = read(data)
        if kinds:
            _only(found, name, *kinds)
        made = take(found)
        return None if made is None else _written(made)

    return shaped


def _boundary(found: Any) -> Any:
    made = found.boundary
    return _library.MultiLineString([made]) if found.geom_type == "Polygon" else made


boundary = _shape(_boundary)
centroid = _shape(lambda found: found.centroid)
envelope = _shape(
    lambda found: found if found.is_empty else _library.box(*found.bounds, ccw=False).reverse()
)
convex_hull = _shape(lambda found: found.convex_hull)
exterior_ring = _shape(
    lambda found: None if found.is_empty else _library.LineString(found.exterior.coords),
    "ST_ExteriorRing", "Polygon",
)  # fmt: skip
start_point = _shape(
    lambda found: None if found.is_empty else _library.Point(found.coords[0]),
    "ST_StartPoint", "LineString",
)  # fmt: skip
end_point = _shape(
    lambda found: None if found.is_empty else _library.Point(found.coords[-1]),
    "ST_EndPoint", "LineString",
)  # fmt: skip


@function
def buffer(data: bytes, distance: float) -> bytes:
    """Return what lies within a distance."""
    if math.isnan(distance) or distance < 0:
        raise invalid("distance is negative" if distance < 0 else "distance is NaN")
    found = read(data)
    return _written(found if distance == 0 else found.buffer(distance, quad_segs=24))


@function
def simplify(data: bytes, tolerance: float) -> bytes:
    """Return a shape of fewer points."""
    return _written(read(data).simplify(tolerance))


@function
def point_at(data: bytes, index: int) -> bytes | None:
    """Return a point of a line, counted from 1."""
    found: Any = _only(read(data), "ST_PointN", "LineString")
    return _nth([_library.Point(one) for one in found.coords], index)


@function
def geometry_at(data: bytes, index: int) -> bytes | None:
    """Return a part of a geometry, counted from 1."""
    return _nth(_parts(read(data)), index)


@function
def ring_at(data: bytes, index: int) -> bytes | None:
    """Return an inner ring of a polygon, counted from 1."""
    found: Any = _only(read(data), "ST_InteriorRingN", "Polygon")
    return _nth([_library.LineString(ring.coords) for ring in found.interiors], index)


def _nth(items: Sequence[Any], index: int) -> bytes | None:
    return _written(items[index - 1]) if 1 <= index <= len(items) else None


@function
def geometries(data: bytes) -> list[bytes]:
    """Return the parts of a geometry."""
    return [_written(part) for part in _parts(read(data))]


@function
def line(points: Sequence[bytes | None]) -> bytes:
    """Return the line through points."""
    return _written(_library.LineString(_coordinates(points, "ST_LineString")))


@function
def multi_point(points: Sequence[bytes | None]) -> bytes | None:
    """Return the points as one geometry."""
    found = _coordinates(points, "ST_MultiPoint")
    return _written(_library.MultiPoint(found)) if found else None


def _coordinates(points: Sequence[bytes | None], name: str) -> list[Any]:
    out: list[Any] = []
    for at, data in enumerate(points, 1):
        if data is None:
            raise invalid(f"Invalid input to {name}: null point at index {at}")
        found = read(data)
        if found.geom_type != "Point":
            kind = NAMES.get(found.geom_type, "")
            raise invalid(f"{name} takes only an array of valid points, {kind} was passed")
        out.append(found)
    return out


def _computed(found: Any) -> bytes:
    """Write what an operation made; a ring starts at its lowest left point."""
    if found.geom_type != "Polygon" or found.is_empty:
        return _written(found)
    rings = [found.exterior, *found.interiors]
    turned: list[Any] = []
    for ring in rings:
        points = list(ring.coords)[:-1]
        at = points.index(min(points))
        turned.append([*points[at:], *points[:at], points[at]])
    return _written(_library.Polygon(turned[0], turned[1:]))


def _relation(take: Callable[[Any, Any], Any]) -> Callable[[bytes, bytes], Any]:
    @function
    def related(one: bytes, other: bytes) -> Any:
        return take(read(one), read(other))

    return related


contains = _relation(lambda one, other: one.contains(other))
crosses = _relation(lambda one, other: one.crosses(other))
disjoint = _relation(lambda one, other: one.disjoint(other))
equals = _relation(lambda one, other: one.equals(other))
intersects = _relation(lambda one, other: one.intersects(other))
overlaps = _relation(lambda one, other: one.overlaps(other))
touches = _relation(lambda one, other: one.touches(other))
within = _relation(lambda one, other: one.within(other))
distance = _relation(
    lambda one, other: None if one.is_empty or other.is_empty else one.distance(other)
)
difference = _relation(lambda one, other: _computed(one.difference(other)))
intersection = _relation(lambda one, other: _computed(one.intersection(other)))
symmetric_difference = _relation(lambda one, other: _computed(one.symmetric_difference(other)))
union = _relation(lambda one, other: _computed(one.union(other)))


@function
def nearest_points(one: bytes, other: bytes) -> tuple[bytes, bytes] | None:
    """Return the points at which two geometries are nearest to each other."""
    found, target = read(one), read(other)
    if found.is_empty or target.is_empty:
        return None
    points = _library.get_coordinates(_library.shortest_line(found, target))
    return _written(_library.Point(points[0])), _written(_library.Point(points[1]))


@function
def relate(one: bytes, other: bytes, pattern: str) -> bool:
    """Tell whether two geometries relate by a DE-9IM pattern."""
    return bool(_library.relate_pattern(read(one), read(other), pattern))


@function
def great_circle_distance(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the kilometres between two places on the sphere."""
    for value in (lat, other_lat):
        if not -90 <= value <= 90:
            raise invalid("Latitude must be between -90 and 90")
    for value in (lon, other_lon):
        if not -180 <= value <= 180:
            raise invalid("Longitude must be between -180 and 180")
    return arc(lat, lon, other_lat, other_lon) * EARTH_KM


def arc(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the angle between two places given in degrees, in radians."""
    one, other = math.radians(lat), math.radians(other_lat)
    step = math.radians(lon) - math.radians(other_lon)
    first = math.cos(other) * math.sin(step)
    second = math.cos(one) * math.sin(other) - math.sin(one) * math.cos(other) * math.cos(step)
    third = math.sin(one) * math.sin(other) + math.cos(one) * math.cos(other) * math.cos(step)
    return math.atan2(math.sqrt(first * first + second * second), third)


@function
def union_of(items: Sequence[bytes | None]) -> bytes | None:
    """Return the union of geometries."""
    known = [read(data) for data in items if data is not None]
    return _written(_library.union_all(known)) if known else None


@function
def convex_hull_of(items: Sequence[bytes | None]) -> bytes | None:
    """Return the convex hull of geometries."""
    known = [read(data) for data in items if data is not None]
    return _written(_library.union_all(known).convex_hull) if known else None

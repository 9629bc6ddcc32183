"""Shapes as Esri's tools for Hadoop write them: an id, a kind, and the bytes of a shapefile.

https://trino.io/docs/current/functions/geospatial.html#geometry_from_hadoop_shape. The bytes:
https://www.esri.com/content/dam/esrisites/sitecore-archive/Files/Pdfs/library/whitepapers/pdfs/shapefile.pdf
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import shapely

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.geometry import invalid

_library: Any = shapely
_HEAD_BYTES = 5
_BOX_BYTES = 32
_POINT, _LINES, _POLYGON, _POINTS = 1, 3, 5, 8
_FLAT_MARKED = (9, 21)
"""Kinds of points with an M or a Z, which Trino refuses in words of its own."""
_KINDS = (
    ("Point", "MultiPoint", "MultiLineString", "MultiPolygon"),  # what it is, as many
    ("Point",), ("LineString",), ("Polygon",),
    ("MultiPoint",), ("MultiLineString",), ("MultiPolygon",),
)  # fmt: skip


@function
def geometry(data: bytes) -> bytes:
    """Return the geometry of a shape."""
    if len(data) <= _HEAD_BYTES:
        raise invalid("Hadoop shape input is too short")
    kind = data[4] - 256 if data[4] > 127 else data[4]
    if not 0 <= kind < len(_KINDS):
        raise invalid(f"Invalid Hadoop shape type: {kind}")
    try:
        found = _shape(data[_HEAD_BYTES:])
        return _library.to_wkb(_library.orient_polygons(_as(found, kind)), byte_order=1)
    except (struct.error, ValueError, _library.errors.ShapelyError):
        raise invalid("Invalid Hadoop shape") from None


def _shape(data: bytes) -> Any:
    (kind,) = struct.unpack_from("<i", data)
    if kind in _FLAT_MARKED:
        message = "Only 2D points with no ID nor M attribute are supported"
        raise TrinoError("GENERIC_INTERNAL_ERROR", message)
    reader = _READERS.get(kind)
    if reader is None:
        if kind in (11, 13, 15, 18, 19, 20, 23, 25, 28, 31):
            raise ValueError(kind)
        raise TrinoError("GENERIC_INTERNAL_ERROR", "invalid shape type")
    return reader(data)


def _as(found: Any, kind: int) -> Any:
    """Return the geometry as the kind the shape says; ValueError where it is none."""
    name = found.geom_type
    multiple = f"Multi{name}"
    if kind == 0 and name == "MultiPoint" and len(found.geoms) == 1:
        return _single(found)
    if name in _KINDS[kind]:
        return found
    if multiple in _KINDS[kind]:
        return getattr(_library, multiple)([found])
    if name == f"Multi{_KINDS[kind][0]}":
        return _single(found)
    raise ValueError(name)


def _single(found: Any) -> Any:
    (one,) = found.geoms
    return one


def _point(data: bytes) -> Any:
    x, y = struct.unpack_from("<dd", data, 4)
    return _library.Point() if math.isnan(x) else _library.Point(x, y)


def _multi_point(data: bytes) -> Any:
    (count,) = struct.unpack_from("<i", data, 4 + _BOX_BYTES)
    return _library.MultiPoint(_coordinates(data, 8 + _BOX_BYTES, count))


def _coordinates(data: bytes, start: int, count: int) -> list[tuple[float, float]]:
    numbers = struct.unpack_from(f"<{2 * count}d", data, start)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _paths(data: bytes) -> list[list[tuple[float, float]]]:
    parts, points = struct.unpack_from("<ii", data, 4 + _BOX_BYTES)
    starts = struct.unpack_from(f"<{parts}i", data, 12 + _BOX_BYTES)
    found = _coordinates(data, 12 + _BOX_BYTES + 4 * parts, points)
    ends = [*starts[1:], points]
    return [found[start:end] for start, end in zip(starts, ends, strict=False)]


def _lines(data: bytes) -> Any:
    return _library.MultiLineString(_paths(data))


def _polygons(data: bytes) -> Any:
    """Return the polygons: a ring with the clock begins one, others are holes of the last."""
    found: list[list[Any]] = []
    for path in _paths(data):
        if not found or not _library.is_ccw(_library.LinearRing(path)):
            found.append([path, []])
        else:
            found[-1][1].append(path)
    return _library.MultiPolygon([_library.Polygon(*one) for one in found])


_READERS: dict[int, Callable[[bytes], Any]] = {
    _POINT: _point, _LINES: _lines, _POLYGON: _polygons, _POINTS: _multi_point,
}  # fmt: skip

"""Places on the sphere, lines, Bing tiles and encoded lines: the rest of the geospatial functions.

A Bing tile is its quad key: https://learn.microsoft.com/bingmaps/articles/bing-maps-tile-system.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from lakebed.dialect.errors import TrinoError
from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.geometry import NAMES, arc, invalid, read

_library: Any = shapely
_EARTH_METRES = 6_371_010.0
_TILE_PIXELS = 256
ZOOM_MAX = 23
LATITUDE_MAX = 85.05112878
_POLYLINE_SCALE = 100_000
_KML_POINTS = re.compile(r"<coordinates>([^<]*)</coordinates>")
_KML_KINDS = re.compile(r"<(Point|LineString|LinearRing|Polygon|MultiGeometry)\b")


def _plain(found: Any) -> bytes:
    """Write a geometry with its rings as they are."""
    return _library.to_wkb(found, byte_order=1)


def _kind(found: BaseGeometry) -> str:
    return NAMES.get(found.geom_type, found.geom_type.upper())


# --- the sphere ---


@function
def to_sphere(data: bytes) -> bytes:
    """Check that every point is a place on the sphere."""
    for longitude, latitude in _library.get_coordinates(read(data)):
        if not -90 <= latitude <= 90:
            raise invalid("Latitude must be between -90 and 90")
        if not -180 <= longitude <= 180:
            raise invalid("Longitude must be between -180 and 180")
    return data


@function
def distance(one: bytes, other: bytes) -> float | None:
    """Return the metres between two places."""
    first, second = read(one), read(other)
    if first.is_empty or second.is_empty:
        return None
    for found in (first, second):
        if found.geom_type != "Point":
            raise invalid(
                "When applied to SphericalGeography inputs, ST_Distance only supports POINT. "
                f"Input type is: {_kind(found)}"
            )
    return _between(first.coords[0], second.coords[0])


@function
def length(data: bytes) -> float | None:
    """Return the metres along lines."""
    found: Any = read(data)
    if found.geom_type not in ("LineString", "MultiLineString"):
        raise invalid(
            "When applied to SphericalGeography inputs, ST_Length only supports LINE_STRING or "
            f"MULTI_LINE_STRING. Input type is: {_kind(found)}"
        )
    lines = found.geoms if found.geom_type == "MultiLineString" else [found]
    return math.fsum(
        _between(one, other)
        for line in lines
        for one, other in zip(line.coords, line.coords[1:], strict=False)
    )


@function
def area(data: bytes) -> float | None:
    """Return the square metres of polygons."""
    found: Any = read(data)
    if found.geom_type not in ("Polygon", "MultiPolygon"):
        raise invalid(
            "When applied to SphericalGeography inputs, ST_Area only supports POLYGON or "
            f"MULTI_POLYGON. Input type is: {_kind(found)}"
        )
    if found.is_empty:
        return None
    polygons = found.geoms if found.geom_type == "MultiPolygon" else [found]
    total = sum(
        abs(_excess(one.exterior.coords)) - sum(abs(_excess(i.coords)) for i in one.interiors)
        for one in polygons
    )
    return abs(total) * _EARTH_METRES * _EARTH_METRES


def _between(one: Sequence[float], other: Sequence[float]) -> float:
    return arc(one[1], one[0], other[1], other[0]) * _EARTH_METRES


def _excess(ring: Iterable[Sequence[float]]) -> float:
    """Return the spherical excess of a ring: the sum of what lies below each of its edges."""
    points = [(math.radians(x), math.tan(math.radians(y) / 2)) for x, y, *_ in ring]
    total = 0.0
    for (x1, t1), (x2, t2) in zip(points, points[1:], strict=False):
        total += 2 * math.atan2(math.tan((x2 - x1) / 2) * (t1 + t2), 1 + t1 * t2)
    return total


# --- GeoJSON, KML, encoded lines ---


@function
def to_geojson(data: bytes) -> str | None:
    """Write GeoJSON as Esri's library does: whole numbers without decimals, but for 0.0."""
    found: Any = read(data)
    if found.is_empty or found.geom_type == "GeometryCollection":
        raise invalid(f"to_geojson_geometry of {_kind(found)} has no text in Trino")

    def text(value: Any) -> str:
        if not isinstance(value, float):
            return f"[{','.join(map(text, value))}]"
        if value == 0.0:
            return "0.0"
        return str(int(value)) if value.is_integer() else repr(value)

    shape = _library.geometry.mapping(_library.orient_polygons(found, exterior_cw=True))
    system = '"crs":{"type":"name","properties":{"name":"EPSG:0"}}'
    return f'{{"type":"{found.geom_type}","coordinates":{text(shape["coordinates"])},{system}}}'


@function
def from_geojson(text: str) -> bytes | None:
    """Read GeoJSON."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise invalid(f"Invalid GeoJSON: {error}") from None
    if not isinstance(value, dict) or "type" not in value:
        message = "Could not parse Geometry from Json string.  No 'type' property found."
        raise invalid(f"Invalid GeoJSON: {message}")
    try:
        return _plain(_library.geometry.shape(value))
    except (ValueError, KeyError, TypeError, _library.errors.ShapelyError) as error:
        raise invalid(f"Invalid GeoJSON: {error}") from None


@function
def to_polyline(data: bytes) -> str:
    """Write points as an encoded polyline (latitude first, five decimals)."""
    found = read(data)
    if found.geom_type not in ("LineString", "MultiPoint"):
        raise invalid(
            "encode_polyline only applies to MULTI_POINT or LINE_STRING. "
            f"Input type is: {_kind(found)}"
        )
    out: list[str] = []
    before = [0, 0]
    for longitude, latitude in _library.get_coordinates(found):
        place = [_rounded(latitude), _rounded(longitude)]
        for now, then in zip(place, before, strict=True):
            step = (now - then) << 1
            step = ~step if step < 0 else step
            while step >= 0x20:
                out.append(chr((0x20 | (step & 0x1F)) + 63))
                step >>= 5
            out.append(chr(step + 63))
        before = place
    return "".join(out)


def _rounded(value: float) -> int:
    return math.floor(value * _POLYLINE_SCALE + 0.5)


@function
def from_polyline(text: str) -> bytes:
    """Read an encoded polyline."""
    numbers: list[int] = []
    shift = result = 0
    for character in text:
        part = ord(character) - 63
        result |= (part & 0x1F) << shift
        shift += 5
        if part < 0x20:
            numbers.append(~(result >> 1) if result & 1 else result >> 1)
            shift = result = 0
    if shift or len(numbers) % 2:
        raise invalid("The encoded polyline ends too early")
    latitude = longitude = 0
    points: list[tuple[float, float]] = []
    for at in range(0, len(numbers), 2):
        latitude, longitude = latitude + numbers[at], longitude + numbers[at + 1]
        points.append((longitude * 1e-5, latitude * 1e-5))
    return _plain(_library.LineString(points))


@function
def from_kml(text: str) -> bytes:
    """Read a point or a line of KML; other kinds are refused."""
    kinds, lists = _KML_KINDS.findall(text), _KML_POINTS.findall(text)
    if len(lists) != 1 or kinds not in (["Point"], ["LineString"]):
        raise TrinoError("NOT_SUPPORTED", "ST_GeomFromKML of other than a Point or LineString")
    try:
        points = [[float(part) for part in place.split(",")[:2]] for place in lists[0].split()]
        made = _library.Point(points[0]) if kinds == ["Point"] else _library.LineString(points)
    except (ValueError, IndexError):
        raise invalid(f"Invalid KML: {text}") from None
    return _plain(made)


# --- lines and points ---


@function
def line_point(data: bytes, fraction: float) -> bytes | None:
    """Return the point at a fraction of a line's length."""
    found = _line(data, "line_interpolate_point", fraction)
    return _plain(found.interpolate(fraction, normalized=True))


@function
def line_points(data: bytes, fraction: float) -> list[bytes] | None:
    """Return the points at every multiple of a fraction of a line's length."""
    found = _line(data, "line_interpolate_points", fraction)
    if fraction == 0:
        return [_plain(found.interpolate(0))]
    count = math.floor(1 / fraction + 1e-12)
    return [
        _plain(found.interpolate(min(at * fraction, 1.0), normalized=True))
        for at in range(1, count + 1)
    ]


def _line(data: bytes, name: str, fraction: float) -> Any:
    found = read(data)
    if found.geom_type != "LineString":
        raise invalid(f"{name} only applies to LINE_STRING. Input type is: {_kind(found)}")
    if not 0 <= fraction <= 1:
        raise invalid("fraction must be between 0 and 1")
    return found


@function
def locate(data: bytes, place: bytes) -> float | None:
    """Return the fraction of a line's length at which it is nearest to a point."""
    line, point = read(data), read(place)
    if line.geom_type not in ("LineString", "MultiLineString"):
        raise invalid(
            "First argument to line_locate_point must be a LineString or a MultiLineString. "
            f"Got: {line.geom_type}"
        )
    if point.geom_type != "Point":
        raise invalid(
            f"Second argument to line_locate_point must be a Point. Got: {point.geom_type}"
        )
    if line.is_empty or point.is_empty:
        return None
    return float(_library.line_locate_point(line, point, normalized=True))


@function
def points(data: bytes) -> list[bytes] | None:
    """Return every point of a geometry."""
    found = read(data)
    if found.is_empty:
        return None
    return [_plain(_library.Point(one)) for one in _library.get_coordinates(found)]


@function
def envelope_points(data: bytes) -> list[bytes] | None:
    """Return the lower left and the upper right corner of a geometry's envelope."""
    found = read(data)
    if found.is_empty:
        return None
    left, low, right, high = found.bounds
    return [_plain(_library.Point(left, low)), _plain(_library.Point(right, high))]


@function
def interior_rings(data: bytes) -> list[bytes] | None:
    """Return the inner rings of a polygon, as lines."""
    found: Any = read(data)
    if found.geom_type != "Polygon":
        raise invalid(f"ST_InteriorRings only applies to POLYGON. Input type is: {_kind(found)}")
    if found.is_empty:
        return None
    return [_plain(_library.LineString(ring.coords)) for ring in found.interiors]


# --- Bing tiles ---


@function
def tile(x: int, y: int, zoom: int) -> str:
    """Return the tile of two coordinates."""
    size = 1 << _zoom(zoom)
    if not (0 <= x < size and 0 <= y < size):
        raise invalid(
            f"XY coordinates for a Bing tile at zoom level {zoom} must be within [0, {size}) range"
        )
    return _key(x, y, zoom)


@function
def tile_of_key(key: str) -> str:
    """Check a quad key."""
    _zoom(len(key))
    for digit in key:
        if digit not in "0123":
            raise invalid(f"Invalid QuadKey digit sequence: {key}")
    return key


@function
def tile_at(latitude: float, longitude: float, zoom: int) -> str:
    """Return the tile that covers a place."""
    check_place(latitude, longitude)
    return _key(*place_at(latitude, longitude, _zoom(zoom)), zoom)


@function
def tile_coordinates(key: str) -> tuple[int, int]:
    """Return a tile's coordinates."""
    return _place(key)


@function
def tile_text(key: str) -> str:
    """Return a tile as Trino's protocol shows it."""
    x, y = _place(key)
    return f'{{"x":{x},"y":{y},"zoom":{len(key)}}}'


@function
def tile_polygon(key: str) -> bytes:
    """Return the polygon a tile covers."""
    x, y = _place(key)
    left, right = longitude_of(x, len(key)), longitude_of(x + 1, len(key))
    high, low = latitude_of(y, len(key)), latitude_of(y + 1, len(key))
    return _plain(_library.Polygon([(left, low), (right, low), (right, high), (left, high)]))


@function
def tiles_around(latitude: float, longitude: float, zoom: int) -> list[str]:
    """Return the tile that covers a place, and its neighbours."""
    check_place(latitude, longitude)
    size = 1 << _zoom(zoom)
    x, y = place_at(latitude, longitude, zoom)
    return [
        _key(x + right, y + down, zoom)
        for right in (-1, 0, 1)
        for down in (-1, 0, 1)
        if 0 <= x + right < size and 0 <= y + down < size
    ]


def _zoom(zoom: int) -> int:
    if zoom > ZOOM_MAX:
        raise invalid(f"Zoom level must be <= {ZOOM_MAX}")
    if zoom < 0:
        raise invalid("Zoom level must be >= 0")
    return zoom


def check_place(latitude: float, longitude: float) -> None:
    """Refuse what is no place on the map."""
    if not -LATITUDE_MAX <= latitude <= LATITUDE_MAX:
        raise invalid(f"Latitude must be between -{LATITUDE_MAX} and {LATITUDE_MAX}")
    if not -180 <= longitude <= 180:
        raise invalid("Longitude must be between -180.0 and 180.0")


def place_at(latitude: float, longitude: float, zoom: int) -> tuple[int, int]:
    """Return the coordinates of the tile that covers a place."""
    sine = math.sin(math.radians(latitude))
    down = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    size = _TILE_PIXELS << zoom

    def coordinate(share: float) -> int:
        return int(min(max(share * size, 0), size - 1)) // _TILE_PIXELS

    return coordinate((longitude + 180) / 360), coordinate(down)


def longitude_of(x: int, zoom: int) -> float:
    """Return the longitude of a tile's left side."""
    return 360 * (x / (1 << zoom) - 0.5)


def latitude_of(y: int, zoom: int) -> float:
    """Return the latitude of a tile's upper side."""
    return 90 - 360 * math.atan(math.exp(-(0.5 - y / (1 << zoom)) * 2 * math.pi)) / math.pi


def _key(x: int, y: int, zoom: int) -> str:
    return "".join(str((x >> at & 1) | (y >> at & 1) << 1) for at in range(zoom - 1, -1, -1))


def _place(key: str) -> tuple[int, int]:
    x = y = 0
    for digit in key:
        x, y = x << 1 | int(digit) & 1, y << 1 | int(digit) >> 1
    return x, y

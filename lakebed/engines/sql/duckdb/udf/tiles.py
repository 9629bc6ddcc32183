"""Sets of Bing tiles: those that cover a geometry, and those that cover a circle.

https://trino.io/docs/current/functions/geospatial.html#bing-tile-functions. The order of the tiles
and the limits are those seen on Trino.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from lakebed.engines.sql.duckdb.udf import function
from lakebed.engines.sql.duckdb.udf.geography import (
    LATITUDE_MAX,
    ZOOM_MAX,
    check_place,
    latitude_of,
    longitude_of,
    place_at,
)
from lakebed.engines.sql.duckdb.udf.geometry import EARTH_KM, arc, invalid, read

_library: Any = shapely
_TILES_MAX = 1_000_000
_COMPLEXITY_MAX = 25_000_000
_NUMBERS_MAX = (1 << 31) - 1
_STEPWISE_ZOOM = 10
"""Above this zoom tiles come by the tiles of this zoom that they lie in."""
_RADIUS_KM_MAX = 1000
_TOO_HIGH = "The zoom level is too high"
_TOO_MANY = "The number of tiles covering input rectangle exceeds the limit of 1M. "
Place = tuple[int, int]
Corners = tuple[Place, Place]


def _key(x: int, y: int, zoom: int) -> str:
    """Return a tile's quad key: each digit is a bit of x and twice a bit of y."""
    return str(int(f"{x:b}") + 2 * int(f"{y:b}")).zfill(zoom)


def _check_zoom(zoom: int) -> None:
    if zoom <= 0:
        raise invalid("Zoom level must be > 0")
    if zoom > ZOOM_MAX:
        raise invalid(f"Zoom level must be <= {ZOOM_MAX}")


# --- geometries ---


@function
def covering(data: bytes, zoom: int) -> list[str]:
    """Return the tiles that a geometry is not disjoint from."""
    _check_zoom(zoom)
    found = read(data)
    if found.is_empty:
        return []
    left, low, right, high = found.bounds
    if low < -LATITUDE_MAX - 1e-7 or high > LATITUDE_MAX + 1e-7:
        raise invalid("Latitude span for the geometry must be in [-85.05, 85.05] range")
    if left < -180 or right > 180:
        raise invalid("Longitude span for the geometry must be in [-180.00, 180.00] range")
    corners = _corners(found, zoom)
    (x1, y1), (x2, y2) = corners
    count = (x2 - x1 + 1) * (y2 - y1 + 1)
    plain = found.geom_type == "Point" or _is_rectangle(found)
    _check_count(found, count, zoom, plain)
    if plain:
        return [_key(x, y, zoom) for x in range(x1, x2 + 1) for y in range(y1, y2 + 1)]
    _library.prepare(found)
    if zoom <= _STEPWISE_ZOOM:
        tiles = sorted(_touched(found, corners, (0, 0, 0), zoom))
    else:
        (x1, y1), (x2, y2) = _corners(found, _STEPWISE_ZOOM)
        starts = [(x, y) for x in range(x1, x2 + 1) for y in range(y1, y2 + 1)]
        whole = (0, 0), ((1 << zoom) - 1, (1 << zoom) - 1)
        tiles = [
            tile for x, y in starts for tile in _touched(found, whole, (x, y, _STEPWISE_ZOOM), zoom)
        ]
    return [_key(x, y, zoom) for x, y in tiles]


def _corners(found: BaseGeometry, zoom: int) -> Corners:
    """Return the upper left and the lower right tile; what only touches the last is not in it."""
    left, low, right, high = found.bounds
    first = place_at(_clamped(high), left, zoom)
    x, y = place_at(_clamped(low), right, zoom)
    x -= longitude_of(x, zoom) == right
    y -= latitude_of(y, zoom) == low
    return first, (x, y)


def _clamped(latitude: float) -> float:
    return min(max(latitude, -LATITUDE_MAX), LATITUDE_MAX)


def _is_rectangle(found: Any) -> bool:
    """Tell whether a geometry is its own envelope."""
    if found.geom_type != "Polygon" or found.interiors:
        return False
    left, low, right, high = found.bounds
    points = [tuple(point[:2]) for point in found.exterior.coords[:-1]]
    corners = {(left, low), (left, high), (right, low), (right, high)}
    return len(points) == 4 and set(points) == corners


def _check_count(found: BaseGeometry, count: int, zoom: int, plain: bool) -> None:
    if plain:
        if count > _TILES_MAX:
            left, low, right, high = found.bounds
            shown = f"xMin={left:.2f}, yMin={low:.2f}, xMax={right:.2f}, yMax={high:.2f}"
            message = f"Number of tiles: {count}. Rectangle: {shown}. Zoom level: {zoom}."
            raise invalid(_TOO_MANY + message)
        return
    if count > _NUMBERS_MAX:
        raise invalid(f"{_TOO_HIGH} to compute a set of covering Bing tiles.")
    if count * int(_library.get_num_coordinates(found)) > _COMPLEXITY_MAX:
        raise invalid(
            f"{_TOO_HIGH} or the geometry is too complex to compute a set of covering Bing tiles. "
            "Please use a lower zoom level or convert the geometry to its bounding box using the "
            "ST_Envelope function."
        )


def _touched(
    found: Any, corners: Corners, start: tuple[int, int, int], zoom: int
) -> Iterator[Place]:
    """Yield the tiles below a tile that a geometry touches, within corners, by column."""
    (x1, y1), (x2, y2) = corners
    x, y, level = start
    step = zoom - level
    if x << step > x2 or y << step > y2 or (x + 1) << step <= x1 or (y + 1) << step <= y1:
        return
    left, right = longitude_of(x, level), longitude_of(x + 1, level)
    high, low = latitude_of(y, level), latitude_of(y + 1, level)
    box = _library.box(left, low, right, high)
    if found.disjoint(box):
        return
    if step == 0:
        yield x, y
    elif found.contains(box):
        for column in range(max(x1, x << step), min(x2 + 1, (x + 1) << step)):
            for row in range(max(y1, y << step), min(y2 + 1, (y + 1) << step)):
                yield column, row
    else:
        for right_by in (0, 1):
            for down_by in (0, 1):
                below = 2 * x + right_by, 2 * y + down_by, level + 1
                yield from _touched(found, corners, below, zoom)


# --- circles ---


@function
def around(latitude: float, longitude: float, zoom: int, radius_km: float) -> list[str]:
    """Return the tiles that a circle on the sphere touches."""
    check_place(latitude, longitude)
    _check_zoom(zoom)
    if not radius_km >= 0:
        raise invalid("Radius must be >= 0")
    if radius_km > _RADIUS_KM_MAX:
        raise invalid("Radius must be <= 1,000 km")
    size = 1 << zoom
    angle = radius_km / EARTH_KM
    x, y = place_at(latitude, longitude, zoom)
    step = _step_sideways(latitude, angle)
    first = place_at(latitude, _wrapped(longitude - step), zoom)[0]
    last = place_at(latitude, _wrapped(longitude + step), zoom)[0]
    top = place_at(_clamped(latitude + math.degrees(angle)), longitude, zoom)[1]
    bottom = place_at(_clamped(latitude - math.degrees(angle)), longitude, zoom)[1]
    width = last - first + 1 if last >= first else last + size - first + 1
    count = width * (bottom - top + 1)
    if count > _TILES_MAX:
        message = f"Number of tiles: {count}. Radius: {radius_km:.1f} km. Zoom level: {zoom}."
        raise invalid(_TOO_MANY + message)

    def reached(column: int, row: int) -> bool:
        corner = latitude_of(row, zoom), longitude_of(column, zoom)
        return arc(latitude, longitude, *corner) * EARTH_KM <= radius_km

    columns = [(first + at) % size for at in range(width)]
    tiles: list[Place] = [(column, y) for column in columns]
    tiles += [(x, row) for row in range(top, bottom + 1) if row != y]
    middle = columns.index(x)
    for column in reversed(columns[middle + 1 :]):
        tiles += _column(column, (top, y), 1, lambda c, r: reached(c, r + 1))
        tiles += _column(column, (bottom, y), -1, reached)
    for column in columns[:middle]:
        tiles += _column(column, (top, y), 1, lambda c, r: reached(c + 1, r + 1))
        tiles += _column(column, (bottom, y), -1, lambda c, r: reached(c + 1, r))
    return [_key(*tile, zoom) for tile in tiles]


def _column(
    column: int, rows: Place, step: int, reached: Callable[[int, int], bool]
) -> Iterator[Place]:
    """Yield the tiles of a column from the first whose nearest corner the circle reaches."""
    inside = False
    for row in range(*rows, step):
        inside = inside or reached(column, row)
        if inside:
            yield column, row


def _step_sideways(latitude: float, angle: float) -> float:
    """Return the degrees of longitude between a place and one at an angle, at its latitude."""
    sine, cosine = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
    return math.degrees(math.atan2(math.sin(angle) * cosine, math.cos(angle) - sine * sine))


def _wrapped(longitude: float) -> float:
    if longitude > 180:
        return longitude - 360
    return longitude + 360 if longitude < -180 else longitude

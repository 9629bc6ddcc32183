"""Words of Trino's language: reserved ones, names of types, and those no query of Trino has.

https://trino.io/docs/current/language/reserved.html
"""

from __future__ import annotations

import re

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    ALTER, AND, AS, BETWEEN, BY, CASE, CAST, CONSTRAINT, CREATE, CROSS, CUBE, CURRENT_CATALOG,
    CURRENT_DATE, CURRENT_PATH, CURRENT_ROLE, CURRENT_SCHEMA, CURRENT_TIME, CURRENT_TIMESTAMP,
    CURRENT_USER, DEALLOCATE, DELETE, DESCRIBE, DISTINCT, DROP, ELSE, END, ESCAPE, EXCEPT, EXECUTE,
    EXISTS, EXTRACT, FALSE, FOR, FROM, FULL, GROUP, GROUPING, HAVING, IN, INNER, INSERT, INTERSECT,
    INTO, IS, JOIN, JSON_ARRAY, JSON_EXISTS, JSON_OBJECT, JSON_QUERY, JSON_TABLE, JSON_VALUE, LEFT,
    LIKE, LISTAGG, LOCALTIME, LOCALTIMESTAMP, NATURAL, NORMALIZE, NOT, NULL, ON, OR, ORDER, OUTER,
    PREPARE, RECURSIVE, RIGHT, ROLLUP, SELECT, SKIP, TABLE, THEN, TRIM, TRUE, UESCAPE, UNION,
    UNNEST, USING, VALUES, WHEN, WHERE, WITH
    """,
    )
)
FOREIGN = frozenset(
    re.findall(
        r"\w+",
        """
    ANTI, APPLY, ASOF, AUTOINCREMENT, AUTO_INCREMENT, CACHE, COLLATE, COPY, DATABASE, DIV, ENUM,
    FILE, GLOB, GRANT, ILIKE, INDEX, ISNULL, KILL, LOAD, LOCK, NAMESPACE, NOTNULL, OPERATOR, OUT,
    OVERLAPS, OVERWRITE, PARTITIONED_BY, PERCENT, PIVOT, PRAGMA, PROCEDURE, QUALIFY, REF,
    REFERENCES, REGEXP, REVOKE, RLIKE, ROLLBACK, SEMI, SETTINGS, STRAIGHT_JOIN, TEMP, TEMPORARY,
    TRIGGER, UNCACHE, UNPIVOT, VOLATILE, XOR
    """,
    )
)
TYPES = frozenset(
    re.findall(
        r"\w+",
        """
    boolean, tinyint, smallint, integer, int, bigint, real, double, varbinary, date, json, uuid,
    ipaddress, hyperloglog, p4hyperloglog, setdigest, tdigest, geometry, sphericalgeography, color,
    unknown, bingtile, kdbtree, joniregexp, jsonpath, model, classifier, regressor
    """,
    )
)
"""The types whose names stand alone."""

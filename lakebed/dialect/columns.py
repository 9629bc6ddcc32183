"""What several statements have inside: definitions of columns, values of partitions."""

from __future__ import annotations

from lakebed.dialect import statements as st
from lakebed.dialect.reader import Reader


def columns_of(reader: Reader) -> tuple[st.ColumnDefinition, ...]:
    """Take the definitions of columns in parentheses."""
    reader.expect("(")
    found = [column_of(reader)]
    while reader.accept(","):
        found.append(column_of(reader))
    reader.expect(")")
    return tuple(found)


def column_of(reader: Reader) -> st.ColumnDefinition:
    """Take the definition of one column."""
    name = reader.identifier()
    kind = _type_text(reader)
    comment = reader.string() if reader.accept("COMMENT") else None
    return st.ColumnDefinition(name, kind, comment)


def _type_text(reader: Reader) -> str:
    parts: list[str] = []
    depth = 0
    while True:
        token = reader.peek()
        word = token.text.upper()
        if depth == 0 and (token.text in ",)" or word in ("COMMENT", "FIRST", "AFTER")):
            break
        if token.kind == "string" or (token.kind == "end" and depth):
            raise reader.error("<type>")
        if token.kind == "end":
            break
        depth += (token.text in "<(") - (token.text in ">)")
        parts.append(token.text.strip("`").lower())
        reader.at += 1
    if not parts:
        raise reader.error("<type>")
    return "".join(parts)


def partition_of(reader: Reader) -> dict[str, str]:
    """Take `PARTITION (column = value, …)`."""
    reader.expect("PARTITION", "(")
    found: dict[str, str] = {}
    while True:
        key = reader.identifier()
        reader.expect("=")
        if reader.peek().kind == "string":
            found[key] = reader.string()
        else:
            sign = "-" if reader.accept("-") else ""
            found[key] = sign + reader.value()
        if not reader.accept(","):
            break
    reader.expect(")")
    return found

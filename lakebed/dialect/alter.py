"""ALTER TABLE: its partitions, its columns, where it is, its properties."""

from __future__ import annotations

from lakebed.dialect import statements as st
from lakebed.dialect.columns import column_of, columns_of, partition_of
from lakebed.dialect.errors import not_supported
from lakebed.dialect.reader import Reader


def alter_table(reader: Reader) -> st.Statement:
    """Take what stands behind ALTER TABLE."""
    name = reader.name()
    if reader.accept("ADD"):
        return _added(reader, name)
    if reader.accept("DROP"):
        return _dropped(reader, name)
    partition = partition_of(reader) if reader.peek().text.upper() == "PARTITION" else None
    if partition is not None and reader.accept("RENAME", "TO"):
        return st.RenamePartition(name, partition, partition_of(reader))
    return _changed(reader, name, partition)


def _changed(reader: Reader, name: st.Name, partition: st.PartitionValues | None) -> st.Statement:
    if reader.accept("ADD", "COLUMNS"):
        return st.AddColumns(name, columns_of(reader), False, partition)
    if reader.accept("REPLACE", "COLUMNS"):
        return st.AddColumns(name, columns_of(reader), True, partition)
    if reader.accept("CHANGE"):
        return _change_column(reader, name, partition)
    if reader.accept("SET", "LOCATION"):
        return st.SetLocation(name, reader.string(), partition)
    if partition is None and reader.accept("SET", "TBLPROPERTIES"):
        return st.SetProperties(name, reader.properties())
    if partition is None and reader.accept("UNSET", "TBLPROPERTIES"):
        return st.UnsetProperties(name, _keys(reader))
    if partition is None and reader.accept("RENAME", "TO"):
        return st.RenameTable(name, reader.name())
    raise not_supported(f"ALTER TABLE {reader.peek().text.upper()}", 1, 1)


def _keys(reader: Reader) -> tuple[str, ...]:
    reader.expect("(")
    found = [reader.string()]
    while reader.accept(","):
        found.append(reader.string())
    reader.expect(")")
    return tuple(found)


def _added(reader: Reader, name: st.Name) -> st.Statement:
    if reader.accept("COLUMNS"):
        return st.AddColumns(name, columns_of(reader))
    absent = reader.accept("IF", "NOT", "EXISTS")
    added: list[tuple[dict[str, str], str | None]] = []
    while not added or reader.peek().kind != "end":
        values = partition_of(reader)
        added.append((values, reader.string() if reader.accept("LOCATION") else None))
    return st.AddPartitions(name, absent, tuple(added))


def _dropped(reader: Reader, name: st.Name) -> st.Statement:
    if reader.accept("COLUMN"):
        return st.DropColumn(name, reader.identifier())
    exists = reader.accept("IF", "EXISTS")
    dropped = [partition_of(reader)]
    while reader.accept(","):
        dropped.append(partition_of(reader))
    return st.DropPartitions(name, exists, tuple(dropped))


def _change_column(
    reader: Reader, name: st.Name, partition: st.PartitionValues | None
) -> st.Statement:
    reader.accept("COLUMN")
    old, column = reader.identifier(), column_of(reader)
    after = None
    if reader.accept("FIRST"):
        after = ""
    elif reader.accept("AFTER"):
        after = reader.identifier()
    return st.ChangeColumn(name, old, column, after, partition)

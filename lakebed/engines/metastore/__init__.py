"""Speaks the Hive Metastore's protocol, so that Spark finds our catalog where it looks for Hive's.

`idl` is the protocol's structs and methods as a table, `codec` reads and writes them, `server`
answers one run's connections, `peers` tells whose they are. What the answers are is no matter of
this folder: Glue's service gives a function for that.
"""

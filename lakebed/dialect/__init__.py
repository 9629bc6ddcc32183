"""Athena's SQL: text to statement, statement to typed tree, typed tree to DuckDB's text.

Pure: no file, no clock, no network. sqlglot is imported by `parse` and the analyser only, which
run in the SQL workers; the server imports neither.
"""

"""Delta Lake tables, read: the transaction log is ours, the data files are read as Iceberg's are.

https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

"""Hudi tables, read: the newest committed file of each file group, its log files merged into it.

https://docs.aws.amazon.com/athena/latest/ug/querying-hudi.html
https://hudi.apache.org/tech-specs/
"""

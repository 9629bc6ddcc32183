"""AWS Glue's Python package for Spark jobs, written anew from AWS's public documentation.

A job's process finds it on its PYTHONPATH as `awsglue`; it never imports lakebed. What each
name does and what is refused by name: docs/reference/awsglue.md.
https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-extensions.html
"""

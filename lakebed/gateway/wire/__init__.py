"""The wire protocols: HTTP requests to AWS's operations, answers and errors back to HTTP.

Generic over the tables in `models/`, which `make generate` writes from botocore's models; each
protocol is a module, each shape is compiled to a closure at its first use.
"""

"""One folder an AWS service, one file a noun, one function an operation."""

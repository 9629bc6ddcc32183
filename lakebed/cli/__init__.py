"""Arguments to calls: the `lakebed` command."""

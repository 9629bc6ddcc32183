"""Speed as a ratio, beside peers in the same run: `python -m bench --help`."""

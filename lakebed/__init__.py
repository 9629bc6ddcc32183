"""lakebed: a self-hosted data lake that speaks AWS's own wire protocols."""

__version__ = "0.1.0"

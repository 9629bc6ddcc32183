"""The vocabulary every room shares: context, errors, names, clock, ids, pages, limits.

Standard library only, so that nothing here costs start time.
"""

"""Placeholder: being written."""

def get_query_results(ctx, request):
    raise NotImplementedError



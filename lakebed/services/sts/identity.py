"""Placeholder: being written."""

def get_caller_identity(ctx, request):
    raise NotImplementedError



"""Placeholder: being written."""

def list_objects(ctx, request):
    raise NotImplementedError


def list_objects_v2(ctx, request):
    raise NotImplementedError



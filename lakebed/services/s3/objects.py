"""Placeholder: being written."""

def put_object(ctx, request):
    raise NotImplementedError


def get_object(ctx, request):
    raise NotImplementedError


def head_object(ctx, request):
    raise NotImplementedError


def delete_object(ctx, request):
    raise NotImplementedError


def delete_objects(ctx, request):
    raise NotImplementedError



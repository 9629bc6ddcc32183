"""Placeholder: being written."""

def create_bucket(ctx, request):
    raise NotImplementedError


def head_bucket(ctx, request):
    raise NotImplementedError


def list_buckets(ctx, request):
    raise NotImplementedError


def delete_bucket(ctx, request):
    raise NotImplementedError


def get_bucket_location(ctx, request):
    raise NotImplementedError



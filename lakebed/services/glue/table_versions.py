"""Placeholder: being written."""

def get_table_version(ctx, request):
    raise NotImplementedError


def get_table_versions(ctx, request):
    raise NotImplementedError


def delete_table_version(ctx, request):
    raise NotImplementedError


def batch_delete_table_version(ctx, request):
    raise NotImplementedError



"""Placeholder: being written."""

def create_database(ctx, request):
    raise NotImplementedError


def get_database(ctx, request):
    raise NotImplementedError


def get_databases(ctx, request):
    raise NotImplementedError


def update_database(ctx, request):
    raise NotImplementedError


def delete_database(ctx, request):
    raise NotImplementedError



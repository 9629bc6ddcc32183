"""Placeholder: being written."""

def create_table(ctx, request):
    raise NotImplementedError


def get_table(ctx, request):
    raise NotImplementedError


def get_tables(ctx, request):
    raise NotImplementedError


def update_table(ctx, request):
    raise NotImplementedError


def delete_table(ctx, request):
    raise NotImplementedError


def batch_delete_table(ctx, request):
    raise NotImplementedError



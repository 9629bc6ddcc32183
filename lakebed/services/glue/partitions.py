"""Placeholder: being written."""

def create_partition(ctx, request):
    raise NotImplementedError


def batch_create_partition(ctx, request):
    raise NotImplementedError


def get_partition(ctx, request):
    raise NotImplementedError


def get_partitions(ctx, request):
    raise NotImplementedError


def batch_get_partition(ctx, request):
    raise NotImplementedError


def update_partition(ctx, request):
    raise NotImplementedError


def batch_update_partition(ctx, request):
    raise NotImplementedError


def delete_partition(ctx, request):
    raise NotImplementedError


def batch_delete_partition(ctx, request):
    raise NotImplementedError



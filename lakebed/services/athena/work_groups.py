"""Placeholder: being written."""

def get_work_group(ctx, request):
    raise NotImplementedError


def list_work_groups(ctx, request):
    raise NotImplementedError



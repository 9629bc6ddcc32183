"""Placeholder: being written."""

def start_query_execution(ctx, request):
    raise NotImplementedError


def get_query_execution(ctx, request):
    raise NotImplementedError


def batch_get_query_execution(ctx, request):
    raise NotImplementedError


def list_query_executions(ctx, request):
    raise NotImplementedError


def stop_query_execution(ctx, request):
    raise NotImplementedError



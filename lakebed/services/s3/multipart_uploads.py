"""Placeholder: being written."""

def create_multipart_upload(ctx, request):
    raise NotImplementedError


def upload_part(ctx, request):
    raise NotImplementedError


def complete_multipart_upload(ctx, request):
    raise NotImplementedError


def abort_multipart_upload(ctx, request):
    raise NotImplementedError


def list_parts(ctx, request):
    raise NotImplementedError


def list_multipart_uploads(ctx, request):
    raise NotImplementedError



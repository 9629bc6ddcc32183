"""Development tools: what runs on a developer's machine and is never shipped."""

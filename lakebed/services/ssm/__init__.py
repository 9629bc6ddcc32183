"""Systems Manager: its Parameter Store, settings and secrets by name, with every version."""

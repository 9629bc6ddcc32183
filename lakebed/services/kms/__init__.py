"""KMS: keys that never leave the server, and what is encrypted, signed and checked with them."""

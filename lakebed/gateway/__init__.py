"""HTTP, signatures and AWS's wire protocols, as data; knows no service by name."""

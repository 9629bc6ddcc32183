"""AWS Signature Version 4 on the server's side: who signed a request, and whether it is whole."""

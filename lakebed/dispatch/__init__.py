"""One door into the services, for the wire and for services: validate, authorise, call, audit."""

"""A SPID identity provider for the demo and for the tests: SIMULAZIONE. It speaks signed SAML over HTTP to the real consumer service and
knows nothing of the portal but its published metadata. It has no database and no users of its own: the demo writes who may sign in."""

"""SPID and CIE: requests, the gate, the checks, the metadata. Only `toolkit` imports the SAML library."""

"""Every address of the portal opened as every role, in a town full of secrets that can be recognised."""

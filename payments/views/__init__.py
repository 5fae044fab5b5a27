"""The pages of payments: node (SOAP), paying, returning, uploads (family); campaigns, inbox, review (office)."""

"""The SOAP end-point that the pagoPA node calls: envelope (bytes to elements and back), answers (what we say), receipt (RT)."""

"""A pagoPA node for demo and tests: it speaks HTTP to the same end-points as the real one, and everything it shows says SIMULAZIONE.

app: routes and pages; node: what a node does; creditor: the SOAP client of the creditor body; store: its memory (SQLite).
day, closing, documents: the end of a day, with its report, its transfer and the defects chosen; day_app: their pages and REST.
No Django models, no shortcut into the portal: whatever it knows came in over the wire.
"""

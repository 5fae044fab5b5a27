"""How fast the night is, against the least that the same rows could cost: `manage.py benchmark_night --pupils N`.

Only here are rows made by SQL of our own: a slice of a nation is too large for calling operations one family at a time, and
what is measured is the night, not the enrolment.
"""

"""How fast a notice is on paper, against WeasyPrint used as its manual shows: `manage.py benchmark_notices`.

The HTML twin of the notice lives here and nowhere else: families get the one in templates/pdf.
"""

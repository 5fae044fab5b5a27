"""The web entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")
application = get_wsgi_application()

from payments.checks import refuse_to_start  # noqa: E402 - Django first

refuse_to_start()

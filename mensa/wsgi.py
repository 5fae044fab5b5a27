"""The web entry point."""

import os

from django.core.wsgi import get_wsgi_application

from mensa.local import pango

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")
pango.preload()
application = get_wsgi_application()

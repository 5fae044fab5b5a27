"""Settings of the portal. Everything that differs from town to town or from machine to machine comes from the environment."""

import os
from pathlib import Path

import environ
import structlog

from identity import troubles

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

MODE = env.str("MENSA_MODE", default="production")
DEMO = MODE == "demo"
TESTING = MODE == "test"
if MODE not in {"demo", "test", "production"}:
    raise environ.ImproperlyConfigured("MENSA_MODE deve essere demo, test o production.")
_INVENTED_SECRET = "chiave-solo-per-demo-e-prove-non-usare-in-esercizio-0123456789"  # noqa: S105

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", default=_INVENTED_SECRET if DEMO or TESTING else environ.Env.NOTSET)
# Fernet keys, newest first: the first encrypts, all decrypt.
FIELD_ENCRYPTION_KEYS = env.list(
    "FIELD_ENCRYPTION_KEYS",
    default=["ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tMDA="] if DEMO or TESTING else environ.Env.NOTSET,
)

# -- address ---------------------------------------------------------------------------------------------------
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "testserver"] if DEMO or TESTING else []
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])
HTTPS = BASE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
X_FRAME_OPTIONS = "DENY"

# -- the town --------------------------------------------------------------------------------------------------
PAGOPA_MODE = env.str("PAGOPA_MODE", default="simulator")
_SIMULATED = PAGOPA_MODE == "simulator"  # an empty line of .env is a value not given
TOWN_NAME = env.str("TOWN_NAME", default="") or ("Comune di Bitritto" if _SIMULATED else "")
TOWN_CITY = env.str("TOWN_CITY", default="Bitritto")
TOWN_PROVINCE = env.str("TOWN_PROVINCE", default="BA")
TOWN_CADASTRAL_CODE = env.str("TOWN_CADASTRAL_CODE", default="A893")
# The demo's fiscal code and IPA code are invented: a real town sets its own.
TOWN_FISCAL_CODE = env.str("TOWN_FISCAL_CODE", default="99999000013" if DEMO or TESTING else "")
TOWN_IPA_CODE = env.str("TOWN_IPA_CODE", default="c_demo" if DEMO or TESTING else "")
TOWN_REGION = env.str("TOWN_REGION", default="Regione Puglia")

# -- applications ----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "mensa",
    "identity",
    "enrolments",
    "wallets",
    "attendance",
    "payments",
    "mensa.admin_site.MensaAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "identity.spid",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "django_structlog",
    "bootstrap_italia_template",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mensa.errors.MethodNotAllowedMiddleware",
    "identity.middleware.DefaultDenyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mensa.request_log.RequestLogMiddleware",
    "pghistory.middleware.HistoryMiddleware",
]
ROOT_URLCONF = "mensa.urls"
WSGI_APPLICATION = "mensa.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mensa.context.page",
            ],
            "builtins": ["identity.templatetags.pages"],
        },
    }
]

# -- data ------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://mensa@/mensa")}
DATABASES["default"].update(
    ATOMIC_REQUESTS=False,
    CONN_MAX_AGE=0,
    OPTIONS={"pool": False} if TESTING else {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}},
)
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL.replace("redis+socket", "unix"),
    }
    if not TESTING
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# Rows that only ever get added: the application role may insert and read them, nothing else (grant_roles).
APPEND_ONLY_TABLES = [
    "identity_sensitiveview",
    "enrolments_explanation",
    "wallets_wallet",  # its balance is moved by the triggers, which run as the owner
    "wallets_entry",
    "wallets_charge",
    "wallets_posting",
    "wallets_dailydigest",
    "payments_settlementreport",
    "payments_settlementline",
    "payments_treasurycredit",
    "payments_creditannulment",
    "payments_treasuryjournal",
    "attendance_absencereceipt",
    "attendance_kitchensheet",
    "attendance_sheetacknowledgement",
]

# -- language, time, files -------------------------------------------------------------------------------------
LANGUAGE_CODE = "it"
TIME_ZONE = "Europe/Rome"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False
LOCALE_PATHS = [BASE_DIR / "mensa/locale"]
FORMAT_MODULE_PATH = ["mensa.formats"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
MEDIA_ROOT = VAR_DIR / "media"  # private: served only by views that check who asks
WHITENOISE_USE_FINDERS = DEMO or TESTING
WHITENOISE_AUTOREFRESH = TESTING  # looks files up when asked: a test client starts at once
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "mensa.upload_limit.Limit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# -- mail ------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND",
    default="mensa.demo_mail.MailboxBackend" if DEMO else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25")
EMAIL_HOST, EMAIL_PORT = EMAIL_CONFIG["EMAIL_HOST"], EMAIL_CONFIG["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_CONFIG["EMAIL_HOST_USER"], EMAIL_CONFIG["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="mensa@comune.example")

# -- work in the background ------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ALWAYS_EAGER = TESTING
CELERY_TASK_EAGER_PROPAGATES = TESTING
CELERY_TIMEZONE = TIME_ZONE

# -- who is at the keyboard ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "identity:login"
LOGIN_REDIRECT_URL = "mensa:home"
LOGOUT_REDIRECT_URL = "mensa:home"
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ACCOUNT_ADAPTER = "identity.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "identity.forms.LoginForm", "reauthenticate": "identity.forms.ReauthenticateForm"}
MFA_FORMS = {
    "authenticate": "identity.forms.CodeForm",
    "reauthenticate": "identity.forms.CodeAgainForm",
    "activate_totp": "identity.forms.ActivateForm",
    "add_webauthn": "identity.forms.NewKeyForm",
    "edit_webauthn": "identity.forms.RenameKeyForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
# How many reverse proxies of ours are in front: without it every visitor would share the address of the proxy.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
SESSION_COOKIE_AGE = 8 * 3600
SOCIALACCOUNT_ADAPTER = "identity.adapters.SocialAdapter"
MFA_ADAPTER = "identity.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = f"Mensa scolastica {TOWN_CITY}"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or TESTING
SECOND_FACTOR_ROLES = {"office", "accounts", "auditor", *env.list("SECOND_FACTOR_ALSO_FOR", default=[])}
DEMO_STAFF_PASSWORD = "mensa-dimostrazione"  # demo only: printed at start and on the staff's login page  # noqa: S105

# -- SPID and CIE (docs/manuale/spid.md) -----------------------------------------------------------------------
SPID_ENABLED = env.bool("SPID_ENABLED", default=True)
SPID_ACCEPTANCE = env.bool("SPID_ACCEPTANCE", default=False)  # AgID's validator may sign in: never in service
SPID_ENTITY_ID = env.str("SPID_ENTITY_ID", default=BASE_URL)
SPID_LEVEL = env.int("SPID_LEVEL", default=2)
SPID_REQUESTS_PER_MINUTE = env.int("SPID_REQUESTS_PER_MINUTE", default=120)  # per address; a login is two
SPID_KEYS_DIR = Path(env.str("SPID_KEYS_DIR", default=str(VAR_DIR / "spid")))  # sp.key, sp.crt, next.crt
SPID_ORGANISATION_URL = env.str("SPID_ORGANISATION_URL", default=BASE_URL)
SPID_CONTACT_EMAIL = env.str("SPID_CONTACT_EMAIL", default="mensa@comune.example")
SPID_CONTACT_PHONE = env.str("SPID_CONTACT_PHONE", default="+390800000000")
SPID_REGISTRY_URL = env.str(
    "SPID_REGISTRY_URL", default="https://registry.spid.gov.it/metadata/idp/spid-entities-idps.xml"
)
CIE_ENABLED = env.bool("CIE_ENABLED", default=False)
CIE_ENTITY_ID = env.str("CIE_ENTITY_ID", default=f"{BASE_URL}/cie")

# -- what the browser may load ---------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# -- pagoPA (docs/manuale/pagopa.md; all of it checked before a real mode starts) ------------------------------


def _listed(name: str) -> list[str]:
    """ "first, second": what stands between the commas, without the spaces people put around them."""
    return [value.strip() for value in env.list(name, default=[]) if value.strip()]


PAGOPA_SEGREGATION_CODE = env.str("PAGOPA_SEGREGATION_CODE", default="") or ("01" if _SIMULATED else "")
# A new one after restoring an old backup.
PAGOPA_IUV_SYSTEM = env.str("PAGOPA_IUV_SYSTEM", default="") or "00"
PAGOPA_BROKER_CODE = env.str("PAGOPA_BROKER_CODE", default="")  # empty: the town itself
PAGOPA_STATIONS = _listed("PAGOPA_STATIONS")
PAGOPA_IBAN = env.str("PAGOPA_IBAN", default="") or ("IT60X0542811101000000123456" if _SIMULATED else "")
PAGOPA_TAXONOMY = env.str("PAGOPA_TAXONOMY", default="") or ("9/0101100IM/" if _SIMULATED else "")
PAGOPA_CBILL = env.str("PAGOPA_CBILL", default="") or ("DEMO1" if _SIMULATED else "")
PAGOPA_POSTAL_ACCOUNT = env.str("PAGOPA_POSTAL_ACCOUNT", default="")
PAGOPA_POSTAL_AUTHORISATION = env.str("PAGOPA_POSTAL_AUTHORISATION", default="")
PAGOPA_POSTAL_IBAN = env.str("PAGOPA_POSTAL_IBAN", default="")
# Until the office fills in its help desk in the panel.
PAGOPA_OFFICE_NAME = env.str("PAGOPA_OFFICE_NAME", default="Ufficio Pubblica Istruzione")
PAGOPA_HELP_LINE = env.str("PAGOPA_HELP_LINE", default="")
PAGOPA_LOGO = env.str("PAGOPA_LOGO", default="")  # a static file; pagoPA allows its use when the town adheres
TOWN_LOGO = env.str("TOWN_LOGO", default="")
# Of BancoPosta, allowed with the print authorisation.
PAGOPA_POSTAL_LOGO = env.str("PAGOPA_POSTAL_LOGO", default="")
# Mutual TLS ends in the proxy: it sets this header, with this value, only for a caller whose certificate is the node's.
PAGOPA_CALLER_HEADER = env.str("PAGOPA_CALLER_HEADER", default="X-Pagopa-Caller")
PAGOPA_CALLER_VALUE = env.str("PAGOPA_CALLER_VALUE", default="")
SIMULATORS_URL = env.str("SIMULATORS_URL", default="http://127.0.0.1:8001").rstrip("/")
# Every product of pagoPA has keys of its own (the first, and the second while the first is being changed) and an address,
# which follows from the environment unless it is given.
# Or uat, where nothing is really paid.
PAGOPA_ENVIRONMENT = env.str("PAGOPA_ENVIRONMENT", default="") or "prod"
PAGOPA_PRODUCTS = ("GPD", "GPD_RECEIPTS", "ACA", "CHECKOUT", "BIZ_EVENTS", "FDR")
PAGOPA_KEYS = {name: _listed(f"PAGOPA_{name}_KEYS") for name in PAGOPA_PRODUCTS}
PAGOPA_URLS = {name: env.str(f"PAGOPA_{name}_URL", default="").rstrip("/") for name in PAGOPA_PRODUCTS}
PAGOPA_PARTNER_GATEWAY = env.str("PAGOPA_PARTNER_GATEWAY", default="")  # class for PAGOPA_MODE=partner
# PagoPA advises against: without a station only.
PAGOPA_POLL_RECEIPTS = env.bool("PAGOPA_POLL_RECEIPTS", default=False)
# The app IO has an address and keys of its own; without a key nothing is said there.
APP_IO_KEYS = _listed("APP_IO_KEYS")
APP_IO_URL = env.str("APP_IO_URL", default="https://api.io.pagopa.it/api/v1").rstrip("/")

# -- logs: events without personal data ------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "identity.troubles.Formatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "filters": {"without_keys": {"()": "mensa.log_keys.WithoutKeys"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["without_keys"]}
    },
    "root": {
        "handlers": ["console"],
        "level": env.str("LOG_LEVEL", default="WARNING" if TESTING else "INFO"),
    },
    # Libraries that tell every step of every document and every call.
    "loggers": {name: {"level": "WARNING"} for name in ("weasyprint", "fontTools", "httpx")},
}
# Events with names and numbers; a traceback never prints the values of the variables nor the words of an error, which may be people.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.ExceptionRenderer(troubles.without_words),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=not TESTING,
)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mensa.settings")

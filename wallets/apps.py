from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"
    verbose_name = "Borsellini"
    default_auto_field = "django.db.models.AutoField"

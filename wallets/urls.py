"""Addresses of the wallets: the family's statement and refund, the office's refunds and corrections."""

from django.urls import path, re_path

from wallets.views import corrections, paper, refunds, statements

app_name = "wallets"
urlpatterns = [
    path("borsellino/<slug:code>/", statements.page, name="statement"),
    path("borsellino/<slug:code>/movimenti.csv", statements.as_csv, name="statement_csv"),
    re_path(
        r"^borsellino/(?P<code>[-a-zA-Z0-9_]+)/estratto-(?P<month>[0-9]{4}-[0-9]{2})\.pdf$",
        paper.month_file,
        name="statement_pdf",
    ),
    path("borsellino/<slug:code>/spese-<int:year>.pdf", paper.certificate_file, name="certificate"),
    path("borsellino/<slug:code>/rimborso/", refunds.account, name="refund_account"),
    path("ufficio/rimborsi/", refunds.index, name="refunds"),
    path("ufficio/rimborsi/prepara/<slug:code>/", refunds.prepare, name="refund_prepare"),
    path("ufficio/rimborsi/elenchi/", refunds.export, name="refund_export"),
    path("ufficio/rimborsi/elenchi/<int:export_id>.csv", refunds.download, name="refund_download"),
    path("ufficio/rimborsi/<int:refund_id>/", refunds.detail, name="refund"),
    path("ufficio/rimborsi/<int:refund_id>/conto/", refunds.set_account, name="refund_set_account"),
    path("ufficio/rimborsi/<int:refund_id>/approva/", refunds.approve, name="refund_approve"),
    path("ufficio/rimborsi/<int:refund_id>/annulla/", refunds.cancel, name="refund_cancel"),
    path("ufficio/rimborsi/<int:refund_id>/pagato/", refunds.paid, name="refund_paid"),
    path("ufficio/rimborsi/<int:refund_id>/tornato/", refunds.bounced, name="refund_bounced"),
    path("ufficio/borsellini/<slug:code>/rettifica/", corrections.adjust, name="adjust"),
    path("ufficio/movimenti/<int:entry_id>/storno/", corrections.reverse, name="reverse"),
    path("ufficio/addebiti/", corrections.charges, name="charges"),
]

"""Addresses of payments: the node, the family, the office. Codes and tokens only, never a number of a notice or a name."""

from django.urls import path, re_path

from payments.views import campaigns, family, node, paper, reconciliation, review, treasury, uploads

app_name = "payments"
urlpatterns = [
    path("pagopa/ws", node.soap, name="soap"),
    path("pagamenti/tentativo/<uuid:token>/", family.attempt, name="attempt"),
    path("pagamenti/tentativo/<uuid:token>/vai/", family.go, name="go"),
    path("pagamenti/tentativo/<uuid:token>/fatto/", family.return_ok, name="return_ok"),
    path("pagamenti/tentativo/<uuid:token>/annullato/", family.return_cancel, name="return_cancel"),
    path("pagamenti/tentativo/<uuid:token>/non-riuscito/", family.return_error, name="return_error"),
    path("pagamenti/avviso/<uuid:token>/pagamento.pdf", paper.payment_file, name="payment_pdf"),
    path("pagamenti/avviso/<uuid:token>.pdf", paper.notice_file, name="notice_pdf"),
    path("pagamenti/ricevuta/<uuid:token>/file/", uploads.upload_file, name="upload_file"),
    path("pagamenti/<slug:code>/", family.pay, name="pay"),
    path("pagamenti/<slug:code>/avvisi.pdf", paper.family_file, name="notices_pdf"),
    path("pagamenti/<slug:code>/avvia/", family.start, name="start"),
    path("pagamenti/<slug:code>/ricevute/", uploads.upload_receipt, name="upload_receipt"),
    path("ufficio/avvisi/", campaigns.index, name="campaigns"),
    path("ufficio/avvisi/nuova/", campaigns.new, name="campaign_new"),
    path("ufficio/avvisi/<int:campaign_id>/", campaigns.detail, name="campaign"),
    path(
        "ufficio/avvisi/<int:campaign_id>/classe/<int:class_id>.pdf", paper.class_file, name="campaign_paper"
    ),
    path("ufficio/avvisi/<int:campaign_id>/a-mano/", campaigns.hand_over, name="campaign_by_hand"),
    re_path(
        r"^ufficio/avvisi/(?P<campaign_id>[0-9]{1,9})/(?P<action>avvia|sospendi|riprendi|riprova|elimina)/$",
        campaigns.act,
        name="campaign_act",
    ),
    re_path(
        r"^ufficio/avvisi/riga/(?P<item_id>[0-9]{1,9})/(?P<action>riprova|inviato)/$",
        campaigns.act_on_item,
        name="campaign_item_act",
    ),
    path("ufficio/ricevute/", uploads.inbox, name="inbox"),
    path("ufficio/ricevute/<uuid:token>/", uploads.upload, name="upload"),
    path("ufficio/ricevute/<uuid:token>/anteprima/", uploads.upload_preview, name="upload_preview"),
    path("ufficio/ricevute/<uuid:token>/accetta/", uploads.accept, name="upload_accept"),
    path("ufficio/ricevute/<uuid:token>/respingi/", uploads.reject, name="upload_reject"),
    path("ufficio/ricevute/<uuid:token>/presente/", uploads.close_as_duplicate, name="upload_duplicate"),
    path("ufficio/da-abbinare/", review.index, name="review"),
    path("ufficio/da-abbinare/<int:receipt_id>/abbina/", review.attach, name="review_attach"),
    re_path(
        r"^ufficio/da-abbinare/(?P<receipt_id>[0-9]{1,9})/(?P<action>doppione|visto|riporta)/$",
        review.settle,
        name="review_settle",
    ),
    path("ufficio/riconciliazione/", reconciliation.index, name="reconciliation"),
    path("ufficio/riconciliazione/flussi/", reconciliation.flows, name="reconciliation_flows"),
    path("ufficio/riconciliazione/accrediti/", treasury.credits_of, name="reconciliation_credits"),
    path(
        "ufficio/riconciliazione/accredito/<int:credit_id>/annulla/",
        treasury.annul,
        name="reconciliation_annul",
    ),
    re_path(
        r"^ufficio/riconciliazione/quadratura\.(?P<kind>csv|xlsx)$",
        reconciliation.export,
        name="reconciliation_export",
    ),
    path("ufficio/riconciliazione/chiedi/", reconciliation.poll, name="reconciliation_poll"),
    path("ufficio/riconciliazione/carica/", reconciliation.load, name="reconciliation_load"),
    path("ufficio/riconciliazione/accredito/", reconciliation.type_credit, name="reconciliation_credit"),
    path(
        "ufficio/riconciliazione/accredito/<int:credit_id>/abbina/",
        reconciliation.match,
        name="reconciliation_match",
    ),
    path(
        "ufficio/riconciliazione/accredito/<int:credit_id>/sciogli/",
        reconciliation.unmatch,
        name="reconciliation_unmatch",
    ),
    path(
        "ufficio/riconciliazione/caso/<int:case_id>/accredita/",
        reconciliation.credit_family,
        name="reconciliation_credit_family",
    ),
    path(
        "ufficio/riconciliazione/caso/<int:case_id>/riaccredita/",
        reconciliation.restore,
        name="reconciliation_restore",
    ),
    path(
        "ufficio/riconciliazione/caso/<int:case_id>/chiudi/",
        reconciliation.close,
        name="reconciliation_close",
    ),
]

"""How each address with arguments is opened: one line per name. The objects belong to Anna's family (or to the office), so that
Carla, the other parent, must get 404. A new address without its line fails the test.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.guards.crawl.scene import Scene

Recipe = Callable[["Scene"], Any]


def pk(argument: str, thing: str) -> Recipe:
    """``pk("refund_id", "refund")``: the number of an object of the scene."""
    return lambda scene: {argument: scene[thing].pk}


def token(thing: str) -> Recipe:
    return lambda scene: {"token": scene[thing].token}


def luca(scene: "Scene") -> dict[str, Any]:
    return {"code": scene.luca.code}


def family(scene: "Scene") -> dict[str, Any]:
    return {"code": scene.family.code}


def lucas_day(scene: "Scene") -> dict[str, Any]:
    """A day that was charged."""
    return {"code": scene.luca.code, "day": "2026-11-23"}


def the_class(scene: "Scene") -> list[dict[str, Any]]:
    group = scene.town.classes["primaria 3A"].pk
    return [{"class_id": group, "day": day} for day in ("2026-11-24", "2026-11-25")]


def caterer(scene: "Scene") -> dict[str, Any]:
    return {"token": scene["caterer token"]}


def calendars(scene: "Scene") -> list[dict[str, Any]]:
    """Of a school and of a class."""
    town = scene.town
    return [{"key": f"s{town.primaria.pk}"}, {"key": f"c{town.classes['primaria 3A'].pk}"}]


def scheme(**others: str) -> Recipe:
    return lambda scene: [{"scheme": name, **others} for name in ("spid", "cie")]


def steps(argument: str, thing: str, *actions: str) -> Recipe:
    return lambda scene: [{argument: scene[thing].pk, "action": action} for action in actions]


RECIPES: dict[str, Recipe] = {
    # identity
    "identity:start": scheme(code="nessuno"),
    "identity:acs": scheme(),
    "identity:acs_finish": scheme(),
    "identity:slo": scheme(),
    "identity:metadata": scheme(),
    "mfa_edit_webauthn": lambda scene: {"pk": 1},
    "mfa_remove_webauthn": lambda scene: {"pk": 1},
    # mensa
    "mensa:intake_batch": pk("batch_id", "batch"),
    "mensa:intake_apply": pk("batch_id", "batch"),
    "mensa:intake_discard": pk("batch_id", "batch"),
    "mensa:intake_excluded": pk("batch_id", "batch"),
    "mensa:mail": lambda scene: {"message_id": "20261124T083000000000-abcdef12"},
    "mensa:mail_attachment": lambda scene: {"message_id": "20261124T083000000000-abcdef12", "number": 0},
    # enrolments
    "enrolments:diets": luca,
    "enrolments:diet_withdraw": token("request"),
    "enrolments:diet_certificate": lambda scene: [
        {"token": scene[one].token} for one in ("request", "accepted request")
    ],
    "enrolments:diet_request": lambda scene: [
        {"token": scene[one].token} for one in ("request", "accepted request")
    ],
    "enrolments:diet_accept": token("request"),
    "enrolments:diet_reject": token("request"),
    "enrolments:diet_confirm": token("confirmation"),
    "enrolments:diet_renew": pk("diet_id", "diet"),
    "enrolments:kitchen_confirm": token("confirmation"),
    # wallets
    "wallets:statement": family,
    "wallets:statement_csv": family,
    "wallets:statement_pdf": lambda scene: {"code": scene.family.code, "month": "2026-11"},
    "wallets:certificate": lambda scene: {"code": scene.family.code, "year": 2026},
    "wallets:refund_account": family,
    "wallets:refund_prepare": family,
    "wallets:refund_download": pk("export_id", "export"),
    "wallets:refund": pk("refund_id", "refund"),
    "wallets:refund_set_account": pk("refund_id", "refund"),
    "wallets:refund_approve": pk("refund_id", "refund"),
    "wallets:refund_cancel": pk("refund_id", "refund"),
    "wallets:refund_paid": pk("refund_id", "refund"),
    "wallets:refund_bounced": pk("refund_id", "refund"),
    "wallets:adjust": family,
    "wallets:reverse": pk("entry_id", "entry"),
    # attendance
    "attendance:absences": luca,
    "attendance:mark": luca,
    "attendance:undo": luca,
    "attendance:pattern": luca,
    "attendance:pattern_end": lambda scene: {"code": scene.town.sofia.code, "pk": scene["pattern"].pk},
    "attendance:receipts": luca,
    "attendance:receipt": lambda scene: {
        "code": scene.town.sofia.code,
        "receipt_code": scene["absence receipt"].code,
    },
    "attendance:verify": lambda scene: {"receipt_code": scene["absence receipt"].code},
    "attendance:light_meals": luca,
    "attendance:dispute": lucas_day,
    "attendance:dispute_withdraw": lambda scene: {"code": scene.luca.code, "pk": scene["dispute"].pk},
    "attendance:dispute_decide": pk("pk", "dispute"),
    "attendance:register": the_class,
    "attendance:register_news": the_class,
    "attendance:passage": the_class,
    "attendance:passage_undo": pk("pk", "passage"),
    "attendance:absence_list": pk("pk", "absence list"),
    "attendance:absence_list_apply": pk("pk", "absence list"),
    "attendance:school_day_undo": pk("pk", "school day"),
    "attendance:kitchen_pdf": pk("pk", "sheet"),
    "attendance:verify_sheet": lambda scene: {"digest": scene["sheet"].digest},
    "attendance:caterer": caterer,
    "attendance:caterer_seen": caterer,
    "attendance:caterer_delivered": caterer,
    "attendance:caterer_pdf": caterer,
    "attendance:closure": pk("pk", "closure"),
    "attendance:closure_told": pk("pk", "closure"),
    "attendance:closure_tell": pk("pk", "closure"),
    "attendance:closure_revoke": pk("pk", "closure"),
    "attendance:phase_cancel": pk("pk", "phase"),
    "attendance:desk_decide": lambda scene: {"code": scene.luca.code, "day": "2026-11-24"},
    "attendance:unenrolled_settle": pk("pk", "unenrolled"),
    "attendance:calendar_import": pk("pk", "calendar list"),
    "attendance:child_calendar": luca,
    "attendance:own_feed": luca,
    "attendance:feed": lambda scene: [{"token": feed.token} for feed in scene["feeds"]],
    "attendance:feed_open": calendars,
    "attendance:feed_revoke": calendars,
    "attendance:correct": luca,
    # payments
    "payments:attempt": token("attempt"),
    "payments:go": token("attempt"),
    "payments:return_ok": token("attempt"),
    "payments:return_cancel": token("attempt"),
    "payments:return_error": token("attempt"),
    "payments:notice_pdf": token("notice"),
    "payments:payment_pdf": token("notice"),
    "payments:upload_file": token("upload"),
    "payments:notices_pdf": family,
    "payments:pay": family,
    "payments:start": family,
    "payments:upload_receipt": family,
    "payments:campaign": pk("campaign_id", "campaign"),
    "payments:campaign_paper": lambda scene: {
        "campaign_id": scene["campaign"].pk,
        "class_id": scene.town.classes["primaria 3A"].pk,
    },
    "payments:campaign_by_hand": pk("campaign_id", "campaign"),
    "payments:campaign_act": steps("campaign_id", "campaign", "avvia", "sospendi", "riprendi", "riprova"),
    "payments:campaign_item_act": steps("item_id", "campaign item", "riprova", "inviato"),
    "payments:upload": token("upload"),
    "payments:upload_preview": token("upload"),
    "payments:upload_accept": token("upload"),
    "payments:upload_reject": token("upload"),
    "payments:upload_duplicate": token("upload"),
    "payments:review_attach": pk("receipt_id", "receipt"),
    "payments:review_settle": steps("receipt_id", "receipt", "doppione", "visto", "riporta"),
    "payments:reconciliation_export": lambda scene: [{"kind": kind} for kind in ("csv", "xlsx")],
    "payments:reconciliation_annul": pk("credit_id", "credit"),
    "payments:reconciliation_match": pk("credit_id", "credit"),
    "payments:reconciliation_unmatch": pk("credit_id", "credit"),
    "payments:reconciliation_credit_family": pk("case_id", "case"),
    "payments:reconciliation_restore": pk("case_id", "case"),
    "payments:reconciliation_close": pk("case_id", "case"),
}

"""Receipts paid elsewhere: the parent sends them, the office looks and decides."""

import uuid
from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enrolments.errors import Refused
from enrolments.models import Household
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from payments import tasks, upload_matches, uploads
from payments.forms import DecisionForm, RejectionForm, UploadForm
from payments.models import UploadedReceipt
from payments.models.receipts import UploadedReceiptQuerySet

PER_PAGE = 25
LOCKED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@roles(Role.PARENT)
@never_cache
@require_http_methods(["GET", "POST"])
def upload_receipt(request: HttpRequest, code: str) -> HttpResponse:
    user = cast(User, request.user)
    household = get_object_or_404(Household.objects.of_parent(user), code=code)
    today = clock.today()
    form = UploadForm(request.POST or None, request.FILES or None, household=household, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            _receive(form, household, user)
        except uploads.AlreadySent as known:
            messages.info(request, str(known))
            return redirect("payments:upload_receipt", code)
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            messages.success(
                request, "Ricevuta inviata: l'ufficio la controlla e poi la accredita. Ti scriviamo noi."
            )
            return redirect("payments:upload_receipt", code)
    sent = household.uploaded_receipts.select_related("pupil", "receipt").order_by("-pk")[:PER_PAGE]
    status = 422 if form.errors else 200
    return render(
        request, "payments/upload.html", {"household": household, "form": form, "sent": sent}, status=status
    )


def _receive(form: UploadForm, household: Household, user: User) -> UploadedReceipt:
    data = form.cleaned_data
    content = data["file"].read(uploads.LARGEST + 1)
    declared = uploads.Declaration(
        amount=data["amount"], paid_on=data["paid_on"], nav=data["nav"], pupil=data["pupil"]
    )
    return uploads.receive(household=household, content=content, declared=declared, by=user, now=clock.now())


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    decided = request.GET.get("vista") == "decise"
    rows = _rows().undecided().order_by("pk") if not decided else _decided().order_by("-decided_at", "-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "payments/inbox.html", {"page": page, "decided": decided})


def _rows() -> UploadedReceiptQuerySet:
    return UploadedReceipt.objects.select_related(
        "household__applicant", "pupil", "receipt__entry", "decided_by"
    )


def _decided() -> UploadedReceiptQuerySet:
    return _rows().filter(decided_at__isnull=False)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def upload(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    return _upload_page(
        request, mine, DecisionForm(household=mine.household, initial=_read(mine)), RejectionForm()
    )


def _read(mine: UploadedReceipt) -> dict[str, object]:
    """What the paper says comes before what the parent wrote, as far as it is one thing only."""
    read = mine.read_data
    ids, navs = read.get("receipt_ids", []), read.get("navs", [])
    return {
        "receipt_id": ids[0] if len(ids) == 1 else "",
        "nav": navs[0] if len(navs) == 1 else mine.declared_nav,
        "amount": f"{mine.declared_amount}".replace(".", ","),
        "paid_on": mine.declared_paid_on,
        "pupil": mine.pupil_id,
    }


def _upload_page(
    request: HttpRequest,
    mine: UploadedReceipt,
    accepting: DecisionForm,
    rejecting: RejectionForm,
    status: int = 200,
) -> HttpResponse:
    context = {
        "upload": mine,
        "is_open": mine.decided_at is None,
        "may_decide": cast(User, request.user).role == Role.OFFICE,
        "matches": upload_matches.matches(mine)[:5],
        "elsewhere": upload_matches.same_file_elsewhere(mine),
        "accepting": accepting,
        "rejecting": rejecting,
    }
    return render(request, "payments/upload_detail.html", context, status=status)


@roles(Role.OFFICE)
@require_POST
def accept(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    form = DecisionForm(request.POST, household=mine.household)
    if not form.is_valid():
        return _upload_page(request, mine, form, RejectionForm(), status=422)
    try:
        decided = uploads.accept(
            upload=mine,
            decision=uploads.Decision(**form.cleaned_data),
            by=cast(User, request.user),
            now=clock.now(),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _upload_page(request, mine, form, RejectionForm(), status=422)
    tasks.nudge_uploads()
    if decided.state == UploadedReceipt.State.DUPLICATE:
        messages.warning(
            request, "Questo pagamento era già nel borsellino: non è stato accreditato di nuovo."
        )
    else:
        messages.success(request, "Ricevuta accettata: l'importo è nel borsellino della famiglia.")
    return redirect("payments:inbox")


@roles(Role.OFFICE)
@require_POST
def reject(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    form = RejectionForm(request.POST)
    if not form.is_valid():
        return _upload_page(
            request, mine, DecisionForm(household=mine.household, initial=_read(mine)), form, status=422
        )
    return _decide(
        request,
        uploads.reject,
        mine,
        "Ricevuta respinta: il motivo è sulla pagina del genitore.",
        **form.cleaned_data,
    )


@roles(Role.OFFICE)
@require_POST
def close_as_duplicate(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    mine = get_object_or_404(_rows(), token=token)
    return _decide(
        request,
        uploads.close_as_duplicate,
        mine,
        "Ricevuta segnata come già presente: il borsellino non cambia.",
    )


def _decide(
    request: HttpRequest, operation: object, mine: UploadedReceipt, said: str, **data: object
) -> HttpResponse:
    try:
        operation(upload=mine, by=request.user, now=clock.now(), **data)  # type: ignore[operator]
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("payments:upload", mine.token)
    tasks.nudge_uploads()
    messages.success(request, said)
    return redirect("payments:inbox")


@roles(Role.PARENT, Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def upload_file(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """The file as it was sent: a download, never a page of this site."""
    mine = get_object_or_404(_visible_to(cast(User, request.user)), token=token)
    return _served(mine.file, mine.content_type, attachment=True)


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def upload_preview(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """The picture that we drew of its first page."""
    return _served(get_object_or_404(_rows(), token=token).preview, "image/png", attachment=False)


def _visible_to(user: User) -> UploadedReceiptQuerySet:
    return (
        UploadedReceipt.objects.of_parent(user) if user.role == Role.PARENT else UploadedReceipt.objects.all()
    )


def _served(file: FieldFile, kind: str, *, attachment: bool) -> HttpResponse:
    """Read whole: at most 5 MB. Sandboxed: whatever it holds, it is not a page of ours."""
    if not file:
        raise Http404
    with file.open("rb") as opened:
        content = opened.read()
    extension = str(file.name).rpartition(".")[2]
    place = "attachment" if attachment else "inline"
    return HttpResponse(
        content,
        content_type=kind,
        headers={
            "Content-Disposition": f'{place}; filename="ricevuta.{extension}"',
            "Content-Security-Policy": LOCKED,
            "X-Content-Type-Options": "nosniff",
        },
    )

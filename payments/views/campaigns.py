"""The office's campaigns of notices: prepare, look at the numbers, start, watch, mend."""

import datetime as dt
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from enrolments.errors import Refused
from enrolments.models import SchoolYear
from identity.access import roles
from identity.models import Role, User
from mensa import clock
from payments import by_hand, campaigns, notices, tasks
from payments.forms import CampaignForm
from payments.models import Campaign, CampaignItem

HANDS = 2  # workers asked to begin at once


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = Campaign.objects.select_related("year").order_by("-pk")
    listed = [(campaign, campaigns.progress(campaign, now=clock.now())) for campaign in rows]
    may_act = cast(User, request.user).role == Role.OFFICE
    return render(request, "payments/campaigns.html", {"campaigns": listed, "may_act": may_act})


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = CampaignForm(request.POST or None, initial=_defaults())
    if request.method == "POST" and form.is_valid():
        try:
            campaign = campaigns.create(**form.cleaned_data, by=cast(User, request.user), now=clock.now())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("payments:campaign", campaign.pk)
    return render(request, "payments/campaign_new.html", {"form": form}, status=422 if form.errors else 200)


def _defaults() -> dict[str, object]:
    """30 meals of the current school year at the prices of today, or of its first day."""
    today = clock.today()
    rules = notices.rules_on(today)
    year = SchoolYear.objects.on(today).first() or SchoolYear.objects.order_by("-valid_from").first()
    return {
        "year": year,
        "name": f"{rules.notice_meals} pasti {year}" if year else "",
        "meals": rules.notice_meals,
        "price_day": max(today, year.valid_from) if year else today,
        "due_date": today + dt.timedelta(days=rules.notice_due_days),
    }


@roles(Role.OFFICE, Role.ACCOUNTS, Role.AUDITOR)
@never_cache
@require_safe
def detail(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """A draft shows what it would do; a started campaign how far it is. htmx asks for the moving part only."""
    campaign = get_object_or_404(Campaign.objects.select_related("year", "created_by"), pk=campaign_id)
    now = clock.now()
    is_draft = campaign.state == Campaign.State.DRAFT
    context = {
        "campaign": campaign,
        "is_draft": is_draft,
        "may_act": cast(User, request.user).role == Role.OFFICE,
        "progress": campaigns.progress(campaign, now=now),
        "on_paper": [] if is_draft else by_hand.classes(campaign),
        "to_decide": campaigns.to_decide(campaign, now=now),
        "preview": _preview(campaign) if is_draft else None,
    }
    template = (
        "payments/campaign_state.html" if request.headers.get("HX-Request") else "payments/campaign.html"
    )
    return render(request, template, context)


def _preview(campaign: Campaign) -> campaigns.Preview:
    return campaigns.preview(year=campaign.year, meals=campaign.meals, price_day=campaign.price_day)


@roles(Role.OFFICE)
@require_POST
def act(request: HttpRequest, campaign_id: int, action: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    if action == "elimina":
        campaigns.discard(campaign=campaign)
        messages.info(request, "Bozza eliminata: nessun avviso è stato emesso.")
        return redirect("payments:campaigns")
    if action == "sospendi":
        campaigns.pause(campaign=campaign)
        messages.info(request, "Campagna sospesa: gli avvisi già inviati restano validi.")
        return redirect("payments:campaign", campaign.pk)
    if action == "avvia":
        campaigns.start(campaign=campaign, by=cast(User, request.user), now=clock.now())
    elif action == "riprendi":
        campaigns.resume(campaign=campaign)
    else:
        campaigns.retry_failed(campaign=campaign)
    for _ in range(HANDS):
        tasks.nudge_campaign(campaign.pk)
    return redirect("payments:campaign", campaign.pk)


@roles(Role.OFFICE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The notices of a draft are issued and given on paper, nobody gets a mail: first the page says so, then the button does it."""
    campaign = get_object_or_404(Campaign.objects.select_related("year"), pk=campaign_id)
    if request.method != "POST":
        if campaign.state != Campaign.State.DRAFT:
            return redirect("payments:campaign", campaign.pk)
        context = {"campaign": campaign, "preview": _preview(campaign)}
        return render(request, "payments/campaign_by_hand.html", context)
    user, now = cast(User, request.user), clock.now()
    campaigns.start(campaign=campaign, by=user, now=now)
    given = by_hand.hand_over(campaign=campaign, by=user, now=now)
    messages.info(request, f"Avvisi emessi e segnati come consegnati a mano: {given}.")
    return redirect("payments:campaign", campaign.pk)


@roles(Role.OFFICE)
@require_POST
def act_on_item(request: HttpRequest, item_id: int, action: str) -> HttpResponse:
    item = get_object_or_404(CampaignItem, pk=item_id)
    if action == "riprova":
        campaigns.retry(item=item, now=clock.now())
        tasks.nudge_campaign(item.campaign_id)
    else:
        campaigns.settle_as_sent(item=item, now=clock.now())
    return redirect("payments:campaign", item.campaign_id)

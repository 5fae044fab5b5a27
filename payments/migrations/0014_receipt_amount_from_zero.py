"""The amount of a receipt is written once: one that first came as failed (zero) may still say what was paid."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION payments_receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a receipt is kept for ever' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id THEN
        RAISE EXCEPTION 'a receipt is credited once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.fiscal_code, OLD.receipt_id) IS DISTINCT FROM (NEW.fiscal_code, NEW.receipt_id)
        OR NEW.amount IS DISTINCT FROM OLD.amount {exception} THEN
        RAISE EXCEPTION 'identifier and amount of a receipt never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FORWARD = GUARD.format(exception="AND OLD.amount <> 0")
BACKWARD = GUARD.format(exception="")


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_app_io_start")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

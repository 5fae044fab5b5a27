"""What Django cannot say: the sequence of the notice numbers, and what never changes once written."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE payments_notice_number AS bigint MINVALUE 1 MAXVALUE 99999999999 NO CYCLE;

CREATE FUNCTION payments_notice_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'paid' AND NEW.state <> 'paid' THEN
        RAISE EXCEPTION 'a paid notice stays paid' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.nav, OLD.wallet_id, OLD.amount, OLD.pupil_id) IS DISTINCT FROM (NEW.nav, NEW.wallet_id, NEW.amount, NEW.pupil_id) THEN
        RAISE EXCEPTION 'number, wallet, child and amount of a notice never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_notice_guard BEFORE UPDATE ON payments_notice
    FOR EACH ROW EXECUTE FUNCTION payments_notice_guard();

CREATE FUNCTION payments_receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a receipt is kept for ever' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id THEN
        RAISE EXCEPTION 'a receipt is credited once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.fiscal_code, OLD.receipt_id, OLD.amount) IS DISTINCT FROM (NEW.fiscal_code, NEW.receipt_id, NEW.amount) THEN
        RAISE EXCEPTION 'identifier and amount of a receipt never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_receipt_guard BEFORE UPDATE OR DELETE ON payments_receipt
    FOR EACH ROW EXECUTE FUNCTION payments_receipt_guard();
"""
BACKWARD = """
DROP TRIGGER payments_receipt_guard ON payments_receipt;
DROP FUNCTION payments_receipt_guard();
DROP TRIGGER payments_notice_guard ON payments_notice;
DROP FUNCTION payments_notice_guard();
DROP SEQUENCE payments_notice_number;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

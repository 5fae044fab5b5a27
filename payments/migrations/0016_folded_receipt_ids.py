"""A receipt id counts once whatever the case of its letters; the spelling of the node may take the place of the paper's.

Pairs that are already there (each with its movement) stay as they are: the books check names them, the index leaves out the later one.
"""

import django.db.models.functions.text
from django.db import migrations, models

FOLD = """
DO $$
DECLARE later bigint[];
BEGIN
    SELECT array_agg(id) INTO later FROM (
        SELECT id, row_number() OVER (PARTITION BY fiscal_code, upper(receipt_id) ORDER BY id) AS place
        FROM payments_receipt) AS numbered WHERE place > 1;
    ALTER TABLE payments_receipt DROP CONSTRAINT one_receipt_per_id;
    EXECUTE 'CREATE UNIQUE INDEX one_receipt_per_id ON payments_receipt (fiscal_code, upper(receipt_id))'
        || CASE WHEN later IS NULL THEN '' ELSE format(' WHERE id <> ALL (%L::bigint[])', later) END;
END $$;
"""
UNFOLD = """
DROP INDEX one_receipt_per_id;
ALTER TABLE payments_receipt ADD CONSTRAINT one_receipt_per_id UNIQUE (fiscal_code, receipt_id);
"""
GUARD = """
CREATE OR REPLACE FUNCTION payments_receipt_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a receipt is kept for ever' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id THEN
        RAISE EXCEPTION 'a receipt is credited once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.fiscal_code, {old}) IS DISTINCT FROM (NEW.fiscal_code, {new})
        OR NEW.amount IS DISTINCT FROM OLD.amount AND OLD.amount <> 0 THEN
        RAISE EXCEPTION 'identifier and amount of a receipt never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FORWARD = GUARD.format(old="upper(OLD.receipt_id)", new="upper(NEW.receipt_id)")
BACKWARD = GUARD.format(old="OLD.receipt_id", new="NEW.receipt_id")


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_more_case_labels")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FOLD, UNFOLD), migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.RemoveConstraint(model_name="receipt", name="one_receipt_per_id"),
                migrations.AddConstraint(
                    model_name="receipt",
                    constraint=models.UniqueConstraint(
                        models.F("fiscal_code"),
                        django.db.models.functions.text.Upper("receipt_id"),
                        name="one_receipt_per_id",
                    ),
                ),
            ],
        )
    ]

"""The check of the charges looks at the children between the first and the last of the statement: where they are neighbours,
as in a range of wallets, one short scan in the place of a look-up each."""

import importlib

from django.db import migrations

FASTER = """
CREATE OR REPLACE FUNCTION wallets_check_charges() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stray integer;
    lowest integer;
    highest integer;
    corrections boolean;
BEGIN
    EXECUTE 'SELECT min(pupil_id), max(pupil_id), bool_or(revision > 0) FROM new_rows' INTO lowest, highest, corrections;
    EXECUTE 'SELECT min(n.pupil_id) FROM new_rows n
             WHERE NOT EXISTS (SELECT FROM enrolments_pupil p WHERE p.id = n.pupil_id AND p.id BETWEEN $1 AND $2)'
        INTO stray USING lowest, highest;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'Addebito per un alunno che non esiste (%).', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'charge_pupil_exists', TABLE = 'wallets_charge';
    END IF;
    EXECUTE 'SELECT min(n.explanation_id) FROM (SELECT DISTINCT explanation_id FROM new_rows) n
             WHERE NOT EXISTS (SELECT FROM enrolments_explanation e WHERE e.id = n.explanation_id)' INTO stray;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'Addebito con una spiegazione che non esiste (%).', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'charge_explanation_exists', TABLE = 'wallets_charge';
    END IF;
    IF corrections IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    EXECUTE 'SELECT min(n.pupil_id) FROM new_rows n
             WHERE n.revision > 0 AND NOT EXISTS (
                 SELECT FROM wallets_charge p
                 WHERE p.service_day = n.service_day AND p.pupil_id = n.pupil_id AND p.revision = n.revision - 1)' INTO stray;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'La revisione di un addebito segue quella prima (alunno %).', stray
            USING ERRCODE = 'check_violation', CONSTRAINT = 'charge_revisions_follow', TABLE = 'wallets_charge';
    END IF;
    EXECUTE 'SELECT min(n.pupil_id) FROM new_rows n
             JOIN wallets_charge p ON p.service_day = n.service_day AND p.pupil_id = n.pupil_id
                  AND p.revision = n.revision - 1
             WHERE n.revision % 2 = 1 AND (p.wallet_id <> n.wallet_id OR p.amount <> -n.amount)' INTO stray;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'Lo storno di un addebito è esatto e sullo stesso borsellino (alunno %).', stray
            USING ERRCODE = 'check_violation', CONSTRAINT = 'charge_reversal_is_exact', TABLE = 'wallets_charge';
    END IF;
    RETURN NULL;
END $$;
"""


def _as_before() -> str:
    functions: str = importlib.import_module("wallets.migrations.0002_guards").FUNCTIONS
    start = functions.index("CREATE FUNCTION wallets_check_charges()")
    end = functions.index("CREATE FUNCTION wallets_check_entries()")
    return functions[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


class Migration(migrations.Migration):
    dependencies = [("wallets", "0003_bookscheck")]

    operations = [migrations.RunSQL(FASTER, reverse_sql=_as_before())]

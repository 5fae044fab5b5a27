"""What Django cannot say about money: partitions, append-only tables, exact reversals, balances moved by the database alone.

Every refusal has a named constraint (CONSTRAINT=) and an SQLSTATE of class 23, so that Django raises IntegrityError and a
person can read which rule was broken. The functions that read or write other tables are SECURITY DEFINER with a fixed
search_path: the application's role has no right of its own on a balance.
"""

from django.db import migrations

FIRST_YEAR, LAST_YEAR = 2021, 2045  # school years, by the calendar year of their 1 September
APPEND_ONLY = ("wallets_entry", "wallets_charge", "wallets_posting", "wallets_dailydigest")

CHARGE_COLUMNS = """
    service_day date NOT NULL,
    pupil_id integer NOT NULL,
    wallet_id integer NOT NULL,
    posted_on date NOT NULL,
    explanation_id integer NOT NULL,
    revision smallint NOT NULL,
    amount numeric(9, 2) NOT NULL,
    CONSTRAINT charge_sign_follows_revision
        CHECK (revision >= 0 AND (amount < 0 AND mod(revision, 2) = 0 OR amount > 0 AND mod(revision, 2) = 1)),
    CONSTRAINT wallets_charge_pkey PRIMARY KEY (service_day, pupil_id, revision)
"""


def partitions() -> list[str]:
    return [f"wallets_charge_{year}" for year in range(FIRST_YEAR, LAST_YEAR + 1)] + ["wallets_charge_default"]


def partitioned_charge() -> str:
    """The empty table of 0001 made again: columns in an order without padding, one partition per school year, no B-tree but
    the primary key."""
    years = "".join(
        f"CREATE TABLE wallets_charge_{year} PARTITION OF wallets_charge"
        f" FOR VALUES FROM ('{year}-09-01') TO ('{year + 1}-09-01');\n"
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
    )
    return f"""
DROP TABLE wallets_charge;
CREATE TABLE wallets_charge ({CHARGE_COLUMNS}) PARTITION BY RANGE (service_day);
{years}CREATE TABLE wallets_charge_default PARTITION OF wallets_charge DEFAULT;
-- What was recorded on a day (daily digest): rows arrive in that order, a few pages say it for a whole year.
CREATE INDEX wallets_charge_posted_on ON wallets_charge USING brin (posted_on) WITH (autosummarize = on);
ALTER TABLE wallets_wallet SET (fillfactor = 50);
"""


FUNCTIONS = """
-- Statement triggers refuse what must never happen to a table, whoever asks.
CREATE FUNCTION wallets_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'I movimenti non si modificano e non si cancellano: % su % rifiutato. Un errore si corregge con uno storno.',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION wallets_charges_enter_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Gli addebiti entrano da wallets_charge, non dalla partizione %.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'charges_enter_by_the_table', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION wallets_balance_moved_by_movements_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Il saldo lo muovono solo i movimenti: nessuno lo scrive.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'balance_moved_by_movements_only', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION wallets_wallet_opens_at_zero() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Un borsellino nasce con saldo zero.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'wallet_opens_at_zero', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION wallets_pupil_with_charges_stays() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The key begins with the day: probe each day of the life of the service rather than keep an index for this.
    IF EXISTS (
        SELECT FROM (SELECT min(service_day) AS first, max(service_day) AS last FROM wallets_charge) AS life,
            generate_series(life.first, life.last, interval '1 day') AS d(day)
        WHERE EXISTS (SELECT FROM wallets_charge c WHERE c.service_day = d.day::date AND c.pupil_id = OLD.id)
    ) THEN
        RAISE EXCEPTION 'Questo alunno ha degli addebiti: non si può cancellare.'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'pupil_with_charges_stays', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE FUNCTION wallets_explanations_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Una spiegazione resta com''è: gli addebiti la citano.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'explanations_stay', TABLE = TG_TABLE_NAME;
END $$;

-- The foreign keys of a charge and the order of its revisions, for the whole statement at once. EXECUTE: the plan fits
-- this call, a night of a nation as well as one correction.
CREATE FUNCTION wallets_check_charges() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stray integer;
    corrections boolean;
BEGIN
    EXECUTE 'SELECT min(n.pupil_id) FROM new_rows n
             WHERE NOT EXISTS (SELECT FROM enrolments_pupil p WHERE p.id = n.pupil_id)' INTO stray;
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
    EXECUTE 'SELECT EXISTS (SELECT FROM new_rows WHERE revision > 0)' INTO corrections;
    IF NOT corrections THEN
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

CREATE FUNCTION wallets_check_entries() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM new_rows n JOIN wallets_entry e ON e.id = n.reverses_id
        WHERE n.wallet_id <> e.wallet_id OR n.amount <> -e.amount OR e.kind = 'reversal'
    ) THEN
        RAISE EXCEPTION 'Lo storno è esatto, sullo stesso borsellino, e non storna uno storno.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_reversal_is_exact', TABLE = 'wallets_entry';
    END IF;
    RETURN NULL;
END $$;

-- Credit given away must be there: a refund and the paying side of a transfer never leave a debt.
CREATE FUNCTION wallets_check_given_away() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM new_rows n JOIN wallets_wallet w ON w.id = n.wallet_id
        WHERE n.kind IN ('refund', 'transfer') AND n.amount < 0 AND w.balance < 0
    ) THEN
        RAISE EXCEPTION 'Il credito non basta: un rimborso o un giroconto non lascia mai un borsellino in debito.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refund_never_below_zero', TABLE = 'wallets_entry';
    END IF;
    RETURN NULL;
END $$;

-- The only writer of a balance. Locks are taken in the order of the wallet id, always: few wallets one by one; many by a
-- merge join, whose two sides are sorted by id whatever the statistics say.
CREATE FUNCTION wallets_move_balances() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_nestloop = off AS $$
DECLARE
    few CONSTANT integer := 100;
    rows_in bigint;
    lowest integer;
    highest integer;
    asked bigint;
    moved bigint;
    part record;
BEGIN
    EXECUTE 'SELECT count(*), min(wallet_id), max(wallet_id) FROM new_rows' INTO rows_in, lowest, highest;
    IF rows_in <= few THEN
        asked := 0;
        moved := 0;
        FOR part IN SELECT wallet_id, sum(amount) AS total FROM new_rows GROUP BY wallet_id ORDER BY wallet_id LOOP
            asked := asked + 1;
            UPDATE wallets_wallet SET balance = balance + part.total WHERE id = part.wallet_id;
            IF FOUND THEN moved := moved + 1; END IF;
        END LOOP;
    ELSE
        EXECUTE 'WITH parts AS MATERIALIZED (
                     SELECT wallet_id, sum(amount) AS total FROM new_rows GROUP BY wallet_id ORDER BY wallet_id
                 ), moves AS (
                     UPDATE wallets_wallet w SET balance = w.balance + parts.total FROM parts
                     WHERE w.id = parts.wallet_id AND w.id BETWEEN $1 AND $2 RETURNING 1
                 )
                 SELECT (SELECT count(*) FROM parts), (SELECT count(*) FROM moves)'
            INTO asked, moved USING lowest, highest;
    END IF;
    IF asked <> moved THEN
        RAISE EXCEPTION 'Movimento su un borsellino che non esiste.'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'movement_wallet_exists', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""

# Triggers of one table fire in the order of their names.
TRIGGERS = """
CREATE TRIGGER a_check AFTER INSERT ON wallets_charge REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_check_charges();
CREATE TRIGGER b_move_balances AFTER INSERT ON wallets_charge REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_move_balances();
CREATE TRIGGER a_check AFTER INSERT ON wallets_entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_check_entries();
CREATE TRIGGER b_move_balances AFTER INSERT ON wallets_entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_move_balances();
CREATE TRIGGER c_check_given_away AFTER INSERT ON wallets_entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_check_given_away();

-- At depth 0 it is not our trigger that asks.
CREATE TRIGGER balance_moved_by_movements_only BEFORE UPDATE OF balance ON wallets_wallet
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION wallets_balance_moved_by_movements_only();
CREATE TRIGGER wallet_opens_at_zero BEFORE INSERT ON wallets_wallet
    FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION wallets_wallet_opens_at_zero();
CREATE TRIGGER wallets_are_kept BEFORE DELETE OR TRUNCATE ON wallets_wallet
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_append_only('wallets_are_kept');
CREATE TRIGGER pupil_with_charges_stays BEFORE DELETE ON enrolments_pupil
    FOR EACH ROW EXECUTE FUNCTION wallets_pupil_with_charges_stays();
CREATE TRIGGER explanations_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON enrolments_explanation
    FOR EACH STATEMENT EXECUTE FUNCTION wallets_explanations_stay();
"""


def append_only() -> str:
    """Each table, and each partition by its own name: a statement on a partition does not fire its parent's triggers."""
    tables = [(table, table) for table in APPEND_ONLY] + [(name, "wallets_charge") for name in partitions()]
    refusals = "".join(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION wallets_append_only('{rule}_append_only');\n"
        for table, rule in tables
    )
    doors = "".join(
        f"CREATE TRIGGER charges_enter_by_the_table BEFORE INSERT ON {name}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION wallets_charges_enter_by_the_table();\n"
        for name in partitions()
    )
    return refusals + doors


BACKWARD = f"""
DROP TRIGGER explanations_stay ON enrolments_explanation;
DROP TRIGGER pupil_with_charges_stays ON enrolments_pupil;
DROP TRIGGER balance_moved_by_movements_only ON wallets_wallet;
DROP TRIGGER wallet_opens_at_zero ON wallets_wallet;
DROP TRIGGER wallets_are_kept ON wallets_wallet;
DROP TRIGGER a_check ON wallets_entry;
DROP TRIGGER b_move_balances ON wallets_entry;
DROP TRIGGER c_check_given_away ON wallets_entry;
DROP TRIGGER append_only ON wallets_entry;
DROP TRIGGER append_only ON wallets_posting;
DROP TRIGGER append_only ON wallets_dailydigest;
DROP TABLE wallets_charge;
CREATE TABLE wallets_charge ({CHARGE_COLUMNS});
ALTER TABLE wallets_wallet RESET (fillfactor);
DROP FUNCTION wallets_append_only(), wallets_charges_enter_by_the_table(), wallets_balance_moved_by_movements_only(),
    wallets_wallet_opens_at_zero(), wallets_pupil_with_charges_stays(), wallets_explanations_stay(),
    wallets_check_charges(), wallets_check_entries(), wallets_check_given_away(), wallets_move_balances();
"""


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial"), ("enrolments", "0001_initial")]

    operations = [
        migrations.RunSQL(partitioned_charge() + FUNCTIONS + TRIGGERS + append_only(), BACKWARD),
    ]

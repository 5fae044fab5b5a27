"""What a decision was made of may change after it: triggers on every table it reads leave a late fact for each day concerned.

The days are those that have a row in attendance_serviceday. Every trigger takes a shared lock that the making of such a row
takes exclusively: a change is either seen by the decision or leaves a late fact, never neither.
"""

from django.db import migrations

DAY_LOCK = 82700300

FUNCTION = f"""
CREATE FUNCTION attendance_note_late_facts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    columns CONSTANT text := TG_ARGV[0];   -- what of the row the decision reads
    first_day CONSTANT text := TG_ARGV[1];
    last_day CONSTANT text := TG_ARGV[2];
    pupil text := TG_ARGV[3];              -- NULL: the whole day is weighed again
    changed text;
    many boolean;
BEGIN
    PERFORM pg_advisory_xact_lock_shared({DAY_LOCK});
    changed := CASE TG_OP
        WHEN 'INSERT' THEN format('SELECT %s FROM new_rows', columns)
        WHEN 'DELETE' THEN format('SELECT %s FROM old_rows', columns)
        ELSE format('(SELECT %1$s FROM new_rows EXCEPT SELECT %1$s FROM old_rows)
                     UNION (SELECT %1$s FROM old_rows EXCEPT SELECT %1$s FROM new_rows)', columns) END;
    EXECUTE format('SELECT count(DISTINCT %s) > 500 FROM (%s) r', pupil, changed) INTO many;
    IF many THEN
        pupil := 'NULL';
    END IF;
    EXECUTE format('INSERT INTO attendance_latefact (day, pupil_id, source)
                    SELECT DISTINCT s.day, (%s)::integer, %L FROM (%s) r
                    JOIN attendance_serviceday s ON s.day >= %s AND s.day <= coalesce(%s, ''infinity''::date)',
                   pupil, TG_TABLE_NAME, changed, first_day, last_day);
    RETURN NULL;
END $$;

CREATE FUNCTION attendance_note_new_wallets() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({DAY_LOCK});
    INSERT INTO attendance_latefact (day, pupil_id, source)
    SELECT DISTINCT s.day, c.pupil_id, TG_TABLE_NAME FROM new_rows n
    JOIN enrolments_custody c ON c.household_id = n.household_id
    JOIN attendance_serviceday s ON s.day >= c.valid_from AND s.day <= coalesce(c.valid_to, 'infinity'::date);
    RETURN NULL;
END $$;
"""
DROP_FUNCTION = """
DROP FUNCTION attendance_note_late_facts();
DROP FUNCTION attendance_note_new_wallets();
"""

EVER = ("'-infinity'::date", "'infinity'::date", "NULL")
DATED = ("r.valid_from", "r.valid_to", "NULL")
DATED_PUPIL = ("r.valid_from", "r.valid_to", "r.pupil_id")
#: Table -> (columns that matter, first day, last day, pupil).
WATCHED = {
    "attendance_absence": ("day, pupil_id, source, absent, in_time", "r.day", "r.day", "r.pupil_id"),
    "attendance_classregister": ("day, class_group_id", "r.day", "r.day", "NULL"),
    "attendance_closure": (
        "id, school_id, class_group_id, first_day, last_day, meal, reason, act, revoked_at",
        "r.first_day",
        "r.last_day",
        "NULL",
    ),
    "attendance_canteenperiod": ("school_id, valid_from, valid_to", *DATED),
    "attendance_classweekdays": (
        "class_group_id, valid_from, valid_to, monday, tuesday, wednesday, thursday, friday",
        *DATED,
    ),
    "attendance_schoolphase": ("school_id, phase, valid_from, valid_to", *DATED),
    "attendance_patronday": ("id, city, month, day, weekday, nth", *EVER),
    "attendance_suspension": ("pupil_id, valid_from, valid_to", *DATED_PUPIL),
    "enrolments_enrolment": ("pupil_id, class_group_id, valid_from, valid_to", *DATED_PUPIL),
    "enrolments_custody": (
        "pupil_id, household_id, valid_from, valid_to, monday, tuesday, wednesday, thursday, friday",
        *DATED_PUPIL,
    ),
    "enrolments_price": (
        "pupil_id, household_id, amount, explanation_id, valid_from, valid_to",
        *DATED_PUPIL,
    ),
    "enrolments_classgroup": ("id, school_id, year_id", *EVER),
    "enrolments_school": ("id, city", *EVER),
    "enrolments_schoolyear": ("id, valid_from, valid_to", *DATED),
}
#: A new school or class changes nothing by itself: only its change does.
ONLY_UPDATES = {"enrolments_classgroup", "enrolments_school"}
TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def triggers() -> str:
    statements = [
        "CREATE TRIGGER late_facts_of_new_wallets AFTER INSERT ON wallets_wallet REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION attendance_note_new_wallets();"
    ]
    for table, arguments in WATCHED.items():
        quoted = ", ".join("'" + argument.replace("'", "''") + "'" for argument in arguments)
        statements += [
            f"CREATE TRIGGER late_facts_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION attendance_note_late_facts({quoted});"
            for event, rows in TRANSITIONS.items()
            if event == "UPDATE" or table not in ONLY_UPDATES
        ]
    return "\n".join(statements)


def drop_triggers() -> str:
    statements = ["DROP TRIGGER late_facts_of_new_wallets ON wallets_wallet;"]
    for table in WATCHED:
        statements += [
            f"DROP TRIGGER late_facts_{event.lower()} ON {table};"
            for event in TRANSITIONS
            if event == "UPDATE" or table not in ONLY_UPDATES
        ]
    return "\n".join(statements)


class Migration(migrations.Migration):
    dependencies = [("attendance", "0001_initial"), ("wallets", "0002_guards")]
    operations = [
        migrations.RunSQL(FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(triggers(), drop_triggers()),
    ]

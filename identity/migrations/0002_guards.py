"""What Django cannot say: the log of sensitive views is append-only, whoever asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION identity_sensitiveview_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'identity_sensitiveview is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER identity_sensitiveview_no_change BEFORE UPDATE OR DELETE ON identity_sensitiveview
    FOR EACH ROW EXECUTE FUNCTION identity_sensitiveview_append_only();
"""
BACKWARD = """
DROP TRIGGER identity_sensitiveview_no_change ON identity_sensitiveview;
DROP FUNCTION identity_sensitiveview_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

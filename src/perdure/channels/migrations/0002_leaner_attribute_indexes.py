import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("comms", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="channelattribute",
            name="comms_attribute_text",
        ),
        migrations.AlterField(
            model_name="channelattribute",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="db_attributes",
                to="comms.channeldb",
            ),
        ),
        migrations.AddIndex(
            model_name="channelattribute",
            index=models.Index(
                models.F("db_key"),
                django.db.models.functions.text.Substr("db_text", 1, 200),
                condition=models.Q(
                    django.db.models.lookups.IsNull(django.db.models.functions.text.Substr("db_text", 1, 200), False)
                ),
                name="comms_attribute_text",
            ),
        ),
    ]

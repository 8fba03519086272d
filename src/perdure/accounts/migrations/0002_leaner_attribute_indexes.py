import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="accountattribute",
            name="accounts_attribute_text",
        ),
        migrations.AlterField(
            model_name="accountattribute",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="db_attributes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="accountattribute",
            index=models.Index(
                models.F("db_key"),
                django.db.models.functions.text.Substr("db_text", 1, 200),
                condition=models.Q(
                    django.db.models.lookups.IsNull(django.db.models.functions.text.Substr("db_text", 1, 200), False)
                ),
                name="accounts_attribute_text",
            ),
        ),
    ]

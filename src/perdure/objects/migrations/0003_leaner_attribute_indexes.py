import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("objects", "0002_sparse_indexes"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="objectattribute",
            name="objects_attribute_text",
        ),
        migrations.AlterField(
            model_name="objectattribute",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="db_attributes",
                to="objects.objectdb",
            ),
        ),
        migrations.AddIndex(
            model_name="objectattribute",
            index=models.Index(
                models.F("db_key"),
                django.db.models.functions.text.Substr("db_text", 1, 200),
                condition=models.Q(
                    django.db.models.lookups.IsNull(django.db.models.functions.text.Substr("db_text", 1, 200), False)
                ),
                name="objects_attribute_text",
            ),
        ),
    ]

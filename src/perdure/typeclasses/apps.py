"""Django's entry to the typeclass layer."""

from __future__ import annotations

from django.apps import AppConfig


class TypeclassesConfig(AppConfig):
    """Connects stored values, tags and typeclasses once all models are loaded."""

    name = "perdure.typeclasses"
    label = "typeclasses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perdure.typeclasses import checks, references  # noqa: F401  (checks register themselves)
        from perdure.typeclasses.metaclass import typeclass_apps
        from perdure.typeclasses.tag_model import hear_links

        references.connect()
        for model in references.families():
            hear_links(model)
        for cls in typeclass_apps.known:
            cls._meta._expire_cache()

"""Addresses of the game's web pages: add your own before Perdure's, which are tried last.

Templates in `web/templates` take the place of Perdure's with the same name (`perdure/index.html` is the front page);
what is in `web/static` is served as `{% static "name" %}`.
"""

from django.urls import include, path

urlpatterns = [
    path("", include("perdure.web.urls")),
]

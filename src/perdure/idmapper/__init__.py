"""An identity map for Django models: one live instance per row, in memory as long as anything needs it.

Usable alone in any Django project: add `"perdure.idmapper"` to `INSTALLED_APPS` and inherit from
`perdure.idmapper.models.SharedMemoryModel`.
"""

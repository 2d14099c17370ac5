"""The project's models and their checks in, docs/models.md out."""

from pathlib import Path

from clarity_assets.project_models import project_models
from clarity_assets.quality.suite import checks_of
from clarity_assets.settings import Settings
from clarity_assets.warehouse.models.describe import models_page

PAGE = Path(__file__).parents[1] / "docs" / "models.md"


def models_markdown(settings: Settings) -> str:
    """The page's text, as the contracts are now. Raises SqlModelError where one is wrong."""
    models = project_models(settings)
    return models_page(models, checks={table: checks_of(model) for table, model in models.items()})

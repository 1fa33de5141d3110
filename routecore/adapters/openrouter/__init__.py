"""The importer for OpenRouter's endpoint lists, provider policies and live figures."""

from routecore.adapters.imported import ImportResult
from routecore.adapters.oddities import Oddity
from routecore.adapters.openrouter.importer import Discount, NegativeStatus, Renamed, import_endpoints
from routecore.adapters.openrouter.policies import Policies, read_policies

__all__ = ["Discount", "ImportResult", "NegativeStatus", "Oddity", "Policies", "Renamed", "import_endpoints", "read_policies"]

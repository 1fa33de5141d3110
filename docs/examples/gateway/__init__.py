"""A gateway one can read in one sitting: Starlette in front, httpx behind, routecore in between."""

"""The endpoints: frozen, checked row by row, indexed by model."""

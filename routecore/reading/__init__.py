"""How anything from outside is checked, with every fault found and named by its path."""

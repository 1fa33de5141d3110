"""How figures, tables and running text are set, as plain text and as HTML. Knows no plan and no bill, and prints nothing."""

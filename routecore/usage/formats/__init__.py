"""The dialects that usage is reported in: a provider or SDK a file, and one table of them."""

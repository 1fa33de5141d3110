"""What a provider reports, turned into disjoint counts. Knows no prices."""

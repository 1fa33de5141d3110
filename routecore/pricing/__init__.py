"""What an endpoint charges: exact money, price cards, tiers, time windows. Knows no usage."""

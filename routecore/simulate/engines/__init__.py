"""Who decides: the closed loop, the batch, the estimates from logs."""

"""Who is told: what is released to whom when, links to a result, and the portal behind them."""

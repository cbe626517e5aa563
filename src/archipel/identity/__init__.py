"""Who the patient is: identifiers with their issuer, and the persons behind them."""

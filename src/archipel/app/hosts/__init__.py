"""Several hosts over one database: what each holds alone, and who goes on when one is gone."""

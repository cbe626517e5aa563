"""The words: values valid by construction, failures and facts; standard library only."""

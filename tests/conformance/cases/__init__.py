"""One module a list of a digest; each is found by being here."""

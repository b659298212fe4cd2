"""One page of the federation as its specs say it: what it shows, its figures, its HTML."""

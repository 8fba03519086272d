"""What a browser sees of a game: the website, the browser client and Django's admin."""

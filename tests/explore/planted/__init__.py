"""Seven classical mistakes, each in a service of its own beside the one that does not make it, for the search to find."""

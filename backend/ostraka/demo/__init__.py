"""`ostraka demo`: a city's vote on one machine, and the processes that it needs."""

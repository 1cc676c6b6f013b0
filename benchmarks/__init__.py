"""What Ostraka costs on this machine, beside its goals: `make bench`. One group a module."""

"""Load on nodes and gateway, of this build and of an older one in turns."""

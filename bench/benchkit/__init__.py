"""Load, watch and compare model servers on one machine. Standard library only."""

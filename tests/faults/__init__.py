"""What can go wrong around the program: disks, clocks, kills, visitors who leave. docs/reliability.md has the whole list."""

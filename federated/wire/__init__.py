"""What travels between server and sites, made small and counted."""

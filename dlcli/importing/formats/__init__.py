"""The formats of `dlcli import`, one file each."""

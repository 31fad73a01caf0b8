"""The formats of `dlcli export`, one file each."""

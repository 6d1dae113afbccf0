"""What the farm costs beside a script that was written by hand."""

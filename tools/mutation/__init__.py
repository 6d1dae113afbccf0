"""The mutation check: good pages are changed on their way to the script, which must not take them for good."""

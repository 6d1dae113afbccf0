"""Rules on how an integration is written: each a sentence, what to do, and a look at the parsed files."""

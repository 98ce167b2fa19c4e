"""What monitors find out about a folder that changes. Nothing of their states, of schedules and of HTTP here."""

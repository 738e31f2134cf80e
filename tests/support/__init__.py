"""What several tests share: logs, reports, strategies, running the command."""

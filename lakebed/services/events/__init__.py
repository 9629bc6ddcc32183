"""EventBridge: events, the rules that choose among them, and the targets they are brought to."""

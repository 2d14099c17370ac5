"""Messages in, sent to people by mail, chat or webhook out: queued, tried again, told once each."""

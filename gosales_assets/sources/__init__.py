"""Sources: from files to trusted raw tables; nothing is dropped, guessed at, or turned into 0."""

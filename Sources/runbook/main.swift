// The command itself is RunbookCLI.

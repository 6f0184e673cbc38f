// The command itself is RunbookCLI.
import RunbookCLI

RunbookMain.run()

// The command itself is RunbookCLI.
import RunbookCLI

await RunbookMain.main()

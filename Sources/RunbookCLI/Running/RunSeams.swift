import RunbookEngine

/// Where a rehearsal of crashes stands between the engine and the world; for every other run all pass through.
struct RunSeams {
    var log: (any EntryLog) -> any EntryLog = { $0 }
    var source: (any SessionSource) -> any SessionSource = { $0 }
    var view: (any RunView) -> any RunView = { $0 }
    /// Told before the last lines are shown.
    var ended: (RunEnd, [Failure]) -> Void = { _, _ in }
}

package import RunbookModel

/// What a person said on the command line, and what the core may not find out by itself.
package struct RunOptions: Sendable {
    /// `operator@machine`
    package var operatorName: String
    package var siteName: String
    /// The program's version.
    package var program: String
    package var makeRunID: @Sendable () -> RunID
    /// The time as text, for people; no decision looks at it.
    package var time: @Sendable () -> String
    /// Steps that are to be done once more, with or without a reason to.
    package var redo: Set<StepID> = []
    /// Steps that are to be taken as done, although they were edited or are no longer so.
    package var keep: Set<StepID> = []
    /// Words that would else be asked for: a step's, by `--yes STEP=WORD`.
    package var words: [StepID: String] = [:]
    /// Every word is given and every `manual` step taken as done: only a rehearsal may.
    package var saysYesToAll = false
    /// Stop before this step.
    package var until: StepID?
    /// With `until`: only before the step on this host.
    package var untilHost: HostID?
    /// Ask every check once more when the last step is done.
    package var asksAtEnd = false
    /// Do not ask what is finished before going on: a rehearsal has just looked.
    package var trustsFinished = false
    /// Only ask every check: nothing is issued, nothing is recorded, no host is locked.
    package var onlyAsks = false
    /// With `onlyAsks`: says of steps that are not done whether they would run, and shows what would change in
    /// files. A host that cannot be reached does not end it.
    package var plansAhead = false
    /// The journal's last record was cut short: what comes next may have been sent already.
    package var mayHaveIssued = false
    /// How many hosts are worked on at a time, at most.
    package var width = RunOptions.usualWidth
    package static let usualWidth = 20

    package init(
        operatorName: String, siteName: String, program: String, makeRunID: @escaping @Sendable () -> RunID,
        time: @escaping @Sendable () -> String
    ) {
        self.operatorName = operatorName
        self.siteName = siteName
        self.program = program
        self.makeRunID = makeRunID
        self.time = time
    }
}

/// The entry of processes that are the lab's own, not a person's command.
package enum RunbookLab {
    /// Runs the lab's process if these arguments ask for it.
    ///
    /// The command's `main` calls it before it reads its arguments.
    ///
    /// - Parameter arguments: all words, the program's name first.
    /// - Returns: the exit status, or nil when the arguments are a person's.
    package static func dispatch(_ arguments: [String]) -> Int32? {
        guard arguments.count > 1, arguments[1] == LabInner.name else { return nil }
        guard let inner = LabInner(arguments: Array(arguments.dropFirst(2))) else { return 64 }
        let folder = inner.folder.path
        return inner.run { text, control throws(LabFailure) in
            try LabModels.make(profile: text, control: control, folder: folder)
        }
    }
}

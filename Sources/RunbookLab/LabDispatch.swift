import Glibc
import RunbookDiagnostics

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
        return inner.run(makeModel: makeModel)
    }

    /// The model of a described lab; without a description, plain nodes.
    private static let makeModel: LabInner.ModelMaker = { (text, control) throws(LabFailure) in
        guard !text.isEmpty else { return PlainModel(control: control) }
        let source = SourceText(name: "the lab's description", bytes: [UInt8](text.utf8))
        guard let description = LabDescription.load(source).0 else {
            throw LabFailure(.cannotStart, "the lab's description is wrong; `runbook lab up` says where")
        }
        return ClusterModel(
            profile: description.profile, control: control,
            clock: ScaledClock(factor: description.profile.clockFactor) { Int(time(nil)) })
    }
}

import Glibc

/// The programs that a lab is started with.
package struct LabPrograms: Sendable, Equatable {
    /// The `runbook` command itself, which the lab's process is an instance of.
    package var runbook: String
    /// `runbook-node`, pid 1 and emulated commands of a node.
    package var agent: String
    /// `libRunbookNode.so`, preloaded into a node's programs.
    package var preload: String

    /// Looks for them beside `runbook` (a build folder), then in `../lib/runbook/` (an installation).
    ///
    /// - Parameter runbook: path of the command; the running program if none is given.
    package static func find(runbook: String? = nil) throws(LabFailure) -> LabPrograms {
        guard let command = runbook ?? HostFiles.linkTarget("/proc/self/exe") else {
            throw LabFailure(.cannotStart, "the lab cannot find its own program: /proc is not mounted")
        }
        let folder = command.lastIndex(of: "/").map { String(command[..<$0]) } ?? "."
        for place in [folder, folder + "/../lib/runbook"] {
            let found = LabPrograms(
                runbook: command, agent: place + "/runbook-node", preload: place + "/libRunbookNode.so")
            if HostFiles.exists(found.agent) && HostFiles.exists(found.preload) { return found }
        }
        throw LabFailure(
            .cannotStart,
            "`runbook-node` and `libRunbookNode.so` are neither in \(folder) nor in "
                + "\(folder)/../lib/runbook: build or install them together with `runbook`")
    }
}

/// Why a lab could not do what was asked.
package struct LabFailure: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// This machine lacks something; the message names the package or the kernel setting.
        case missing
        /// Started, but it does not come up.
        case cannotStart
        /// There is no running lab in that folder.
        case notRunning
        /// A lab runs in that folder already.
        case alreadyRunning
        /// The lab refused a request.
        case refused
    }
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

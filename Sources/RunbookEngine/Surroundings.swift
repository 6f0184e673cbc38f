package import RunbookModel
package import RunbookSupervisor
package import RunbookTransport

// What the runner needs of the world. Each has one real form, put together in RunbookCLI, and one for tests.

/// Where entries become durable.
package protocol EntryLog: Sendable {
    /// Writes an entry; it is on disk when this returns.
    ///
    /// After a throw nothing more is to be done or shown as done, and every later append throws as well.
    func append(_ entry: Entry) async throws(EntryLogProblem)
}

/// Why the journal could not be written, and what was done about it, for people.
package struct EntryLogProblem: Error, Equatable, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
}

/// Makes sessions with hosts: a proven connection with the supervisor at its other end.
package protocol SessionSource: Sendable {
    func open(_ host: HostID, _ target: SiteHost, run: RunID) async throws(TransportError) -> OpenSession
    /// Whether a second login works; the connection is closed again.
    func probe(_ host: HostID, _ target: SiteHost) async throws(TransportError)
}

package struct OpenSession: Sendable {
    package var session: any HostSession
    package var hostKey: String?
    package var operatorKey: String?

    package init(session: any HostSession, hostKey: String?, operatorKey: String?) {
        self.session = session
        self.hostKey = hostKey
        self.operatorKey = operatorKey
    }
}

/// The folder on this machine that files of hosts are kept in.
package protocol FetchedFolder: Sendable {
    func look(at place: FetchedPlace) async -> FetchedState
    /// Gives the place its file, durable on return; another one that was there keeps a name of its own.
    func keep(_ bytes: [UInt8], at place: FetchedPlace) async throws(EngineProblem) -> KeptFile
}

/// The person at the terminal, if there is one.
package protocol Person: Sendable {
    /// nil: there is nobody to ask.
    func ask(_ prompt: Prompt) async -> String?
}

/// One of the ways to show a run.
package protocol RunView: Sendable {
    /// Events come one at a time, in the order in which they happened.
    func show(_ event: RunEvent) async
}

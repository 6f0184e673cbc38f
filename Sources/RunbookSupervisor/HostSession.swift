package import RunbookModel
package import RunbookTransport

/// What the engine can ask of one host. `SupervisedSession` is the real one; tests and the simulation bring
/// their own.
///
/// Every method throws `TransportError`; after `lost` it is not known whether the request arrived, and the
/// engine finds out through `lookUp` and `fence` on a new session. Methods may be called from any task and
/// do not wait for each other, except that requests of the long-lived channel are answered in order.
package protocol HostSession: AnyObject, Sendable {
    /// Who the host is and whether it is still the one, and the same boot, that the run began with.
    ///
    /// Makes the run's folder on the host when `marker` is nil or the folder is not there yet and `isNew`;
    /// a folder that is missing or that carries another marker in a run that has one is told in the answer.
    func greet(run: RunID, isNew: Bool) async throws(TransportError) -> HostFacts

    /// Asks questions that have no effects. Answers come in the order of the questions.
    func ask(_ questions: [QuestionRequest], environment: [ShellVariable]) async throws(TransportError)
        -> [Answer]

    /// Asks `before`, claims, runs and asks `after` in one request.
    func attempt(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply

    /// What the host knows of an attempt. Changes nothing.
    func lookUp(_ id: AttemptID) async throws(TransportError) -> AttemptState

    /// Waits for a claimed attempt's end as long as it takes, then asks `after`.
    func follow(
        _ id: AttemptID, after: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> AttemptReply

    /// Takes the claim, so that a request still in flight can never start.
    func fence(_ id: AttemptID) async throws(TransportError) -> FenceResult

    /// Ends the attempt's process group: TERM, after ten seconds KILL. Returns when the end is recorded on the
    /// host.
    func stop(_ id: AttemptID) async throws(TransportError)

    /// Removes the attempt's output from the host. The claim and the exit status stay until the run is cleaned.
    func forget(_ id: AttemptID) async throws(TransportError)

    /// Reads a file as a whole; nil when there is none. Links are followed; the answer says where they led.
    /// The limit is in bytes; a longer file is `local` trouble that names the limit.
    func read(_ path: String, limit: Int) async throws(TransportError) -> HostFile?

    /// Runs a script that changes nothing, as a question is asked, and answers all that it writes to stdout. One
    /// that does not end with 0 in time, or writes more than `limit` bytes, is `local` trouble.
    func capture(_ script: String, timeout: Duration, limit: Int) async throws(TransportError) -> [UInt8]

    /// Takes the host for this run, or says who has it. The same run re-enters.
    func takeLock(_ holder: LockHolder) async throws(TransportError) -> LockResult
    /// `greet` and, where the run has its folder then, `takeLock`: in one request where the session can.
    func enter(
        run: RunID, isNew: Bool, as holder: LockHolder
    ) async throws(TransportError) -> (facts: HostFacts, lock: LockResult?)
    /// Gives the host free; nothing happens when another run holds it.
    func releaseLock() async throws(TransportError)

    /// Ends the session; what runs on the host goes on.
    func close() async
}

extension HostSession {
    package func enter(
        run: RunID, isNew: Bool, as holder: LockHolder
    ) async throws(TransportError) -> (facts: HostFacts, lock: LockResult?) {
        let facts = try await greet(run: run, isNew: isNew)
        return (facts, facts.folder.takesLock ? try await takeLock(holder) : nil)
    }
}

package struct HostFacts: Sendable, Equatable {
    /// `/proc/sys/kernel/random/boot_id`
    package var bootID: String
    /// `/etc/machine-id` or dbus's; empty where there is none (Debian 7 without dbus).
    package var machineID: String
    /// Start time of pid 1 in clock ticks since boot.
    package var initStart: String
    /// Seconds since 1970 by the host's clock.
    package var clock: Int
    /// The effective user's name and number.
    package var user: String
    package var userID: Int
    /// The name that the host calls itself (`uname -n`).
    package var nodeName: String
    package var folder: Folder

    package enum Folder: String, Sendable, Equatable {
        /// Made just now.
        case made
        /// There, with this run's marker.
        case ours
        /// Not there, although the run had one here: what was claimed is not known any more.
        case missing
        /// There, but another user's, a link, or with a foreign marker.
        case foreign

        /// Whether the host can be taken for the run: it is the run's that has a folder there.
        package var takesLock: Bool {
            switch self {
            case .made, .ours: true
            case .missing, .foreign: false
            }
        }
    }

    package init(
        bootID: String, machineID: String, initStart: String, clock: Int, user: String, userID: Int,
        nodeName: String, folder: Folder
    ) {
        self.bootID = bootID
        self.machineID = machineID
        self.initStart = initStart
        self.clock = clock
        self.user = user
        self.userID = userID
        self.nodeName = nodeName
        self.folder = folder
    }
}

/// `NAME='value'`, exported in every script of a request.
package struct ShellVariable: Sendable, Equatable, Hashable {
    package var name: String
    package var value: String
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A question as it is sent: everything worked out, no `${{ }}` left.
package struct QuestionRequest: Sendable, Equatable {
    package var script: String
    package var shell: Script.Shell = .sh
    /// POSIX extended regular expressions, judged on the host by `grep -E` under LC_ALL=C.
    package var match: [String] = []
    package var none: [String] = []
    package var noExit: Set<Int32> = [1]
    package var isNegated = false
    /// Asked again every `every` until yes or until this time is over; nil: asked once. No and no answer both
    /// go on; the last answer counts.
    package var within: Duration?
    package var every: Duration = .seconds(1)
    /// A yes is asked again after this time and must still be yes.
    package var hold: Duration?
    /// Asked as this user; nil: as the session's own.
    package var runAs: String?
    /// Of one asking.
    package var timeout: Duration = .seconds(30)

    package init(script: String) { self.script = script }
}

/// A question's answer.
package struct Answer: Sendable, Equatable, Codable {
    package enum Verdict: String, Sendable, Equatable, Codable { case yes, no, none }
    package var verdict: Verdict
    /// How the last asking ended; nil when the question was answered without a command.
    package var end: ProcessEnd?
    /// The last asking's stdout and stderr, at most 4 KiB each, cut at the front.
    package var output: String = ""
    package var errors: String = ""
    /// Why: `pattern 2 was not found`, `timed out after 30s`, `exit status 127`. Empty for a plain yes or no.
    package var reason: String = ""

    package init(_ verdict: Verdict) { self.verdict = verdict }
}

/// How a process ended.
package enum ProcessEnd: Sendable, Equatable, Codable, Hashable {
    case exited(Int32)
    /// By number.
    case signalled(Int32)
    /// Stopped by the supervisor because its time was over.
    case timedOut
    /// Stopped because a person said so.
    case stopped
    /// The host was started again since, as the attempt was to bring about. A supervisor never says this.
    case rebooted
}

/// One issue of a step on a host.
package struct AttemptRequest: Sendable, Equatable {
    package var id: AttemptID
    package var script: String
    package var shell: Script.Shell = .sh
    package var environment: [ShellVariable] = []
    /// The command's stdin; nil: /dev/null. Any bytes, up to 64 MiB.
    package var input: [UInt8]?
    /// What must lie in the run's folder before the attempt is claimed.
    package var staged: Staged?
    /// Asked first. All yes (and at least one): nothing is issued. Any no answer: nothing is issued.
    package var unless: [QuestionRequest] = []
    /// As `unless`; tells apart in the reply that the state was there.
    package var check: [QuestionRequest] = []
    /// Asked when neither said yes; all are asked; all must say yes, else nothing is issued.
    package var require: [QuestionRequest] = []
    /// Asked when the command has ended with a status in `okExit`; else each once, without waiting.
    package var after: [QuestionRequest] = []
    package var okExit: Set<Int32> = [0]
    package var timeout = Timeout(after: .seconds(600), then: .stop)

    package init(id: AttemptID, script: String) {
        self.id = id
        self.script = script
    }
}

package enum AttemptReply: Sendable, Equatable {
    /// The questions before said that nothing is to be issued; no claim was made.
    case notIssued(Before)
    /// The command ended.
    case ended(Before, AttemptEnd, after: [Answer])
    /// Its time was over with `then: leave`: it goes on.
    case left(Before)
    /// There is a claim on this id already; nothing was issued now.
    case refused(AttemptState)
    /// A person took the host over from this run: it can start nothing there any more.
    case takenOver(by: LockHolder)

    /// The answers to the questions before; lists that were not reached are empty.
    package struct Before: Sendable, Equatable {
        package var unless: [Answer] = []
        package var check: [Answer] = []
        package var require: [Answer] = []
        package init() {}
    }
}

/// How an attempt ended and what it said.
package struct AttemptEnd: Sendable, Equatable {
    package var end: ProcessEnd
    package var output: CapturedText
    package var errors: CapturedText
    package init(end: ProcessEnd, output: CapturedText, errors: CapturedText) {
        self.end = end
        self.output = output
        self.errors = errors
    }
}

/// What a command wrote: whole up to 64 KiB, else its first 16 KiB and its last 48 KiB.
package struct CapturedText: Sendable, Equatable {
    package var head: [UInt8]
    /// Empty when `head` is all.
    package var tail: [UInt8] = []
    /// How many bytes the command wrote in all.
    package var total: Int
    package init(head: [UInt8], tail: [UInt8] = [], total: Int) {
        self.head = head
        self.tail = tail
        self.total = total
    }
}

/// What a host knows of an attempt.
package enum AttemptState: Sendable, Equatable {
    /// No claim.
    case unclaimed
    /// The claim was taken by a fence: it can never start.
    case fenced
    case running
    case ended(AttemptEnd)
    /// Claimed in this boot, no exit status, and its process is gone.
    case vanished
    /// Claimed in another boot and no exit status.
    case rebooted
    /// The claim or the exit file is empty or torn.
    case torn
}

package enum FenceResult: Sendable, Equatable {
    case fenced
    /// The attempt had been claimed before; what it is now.
    case claimed(AttemptState)
}

/// A file of a host.
package struct HostFile: Sendable, Equatable {
    package var bytes: [UInt8]
    /// The permission bits.
    package var mode: UInt32
    /// `user:group` by number.
    package var owner: String
    /// The path with all links resolved.
    package var path: String
    package init(bytes: [UInt8], mode: UInt32, owner: String, path: String) {
        self.bytes = bytes
        self.mode = mode
        self.owner = owner
        self.path = path
    }
}

/// Who holds a host, for people to read; only the run decides.
package struct LockHolder: Sendable, Equatable, Codable {
    package var run: RunID
    /// `operator@machine`
    package var who: String
    /// When, as text with its zone.
    package var since: String
    package var runbook: String
    /// It took the host over from the run that asks; it may have given it free since.
    package var tookOver = false
    package init(run: RunID, who: String, since: String, runbook: String, tookOver: Bool = false) {
        self.run = run
        self.who = who
        self.since = since
        self.runbook = runbook
        self.tookOver = tookOver
    }
}

package enum LockResult: Sendable, Equatable {
    case taken
    case held(by: LockHolder)
}

package enum TakeOver: Sendable, Equatable {
    /// The host is this run's.
    case taken
    /// Another run holds it than the one that was named.
    case held(by: LockHolder)
    /// The one that was named can start nothing any more; these attempts of it still run, and it keeps the host.
    case busy([AttemptID])
}

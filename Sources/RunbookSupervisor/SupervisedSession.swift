package import RunbookModel
import RunbookText
package import RunbookTransport
import Synchronization

/// A session with a host over a supervisor shell: see docs/supervisor.md.
///
/// `greet` comes first. One channel is open as long as requests come one after the other; a request that
/// comes while another is under way gets a channel of its own.
package final class SupervisedSession: HostSession {
    let host: HostID
    private let connection: any Connection
    let pool: LanePool
    /// The user that the session is of; nil: who logged in.
    private let user: String?
    private let agents: UserAgents
    private let state = Mutex(State())

    private struct State {
        var run: RunID?
        /// The run's folder on the host, and what the greeting found there.
        var folder: (path: String, finding: HostFacts.Folder)?
        /// Attempts whose output is to be removed with the next request.
        var forgotten: [AttemptID] = []
    }

    /// Longer input travels in a channel of its own: a shell reads a request byte by byte.
    private static let inlineInputLimit = 4 << 10
    private static let inputLimit = 64 << 20

    /// The connection is the session's from now on; `close` closes it. The nonce is at least 16 random letters
    /// and digits; the host's replies carry it.
    ///
    /// - Parameters:
    ///   - user: whom everything is done as; nil: who logged in.
    ///   - prompts: whom to ask for a password that sudo wants.
    package convenience init(
        host: HostID, connection: any Connection, nonce: String,
        options: SupervisorOptions = SupervisorOptions(), user: String? = nil,
        prompts: (any ConnectionPrompts)? = nil
    ) {
        precondition(isFileName(nonce), "a nonce is letters and digits")
        self.init(
            host, connection, nonce, options, user,
            UserChange(host: host, connection: connection, prompts: prompts), ownsConnection: true)
    }

    private init(
        _ host: HostID, _ connection: any Connection, _ nonce: String, _ options: SupervisorOptions,
        _ user: String?, _ change: UserChange, ownsConnection: Bool
    ) {
        self.host = host
        self.connection = connection
        self.user = user
        pool = LanePool(
            host: host, connection: connection, nonce: nonce, options: options,
            user: user.map { ($0, change) }, ownsConnection: ownsConnection)
        agents = UserAgents { user in
            SupervisedSession(
                host, connection, "\(nonce)-\(user)", options, user, change, ownsConnection: false)
        }
    }

    package func greet(run: RunID, isNew: Bool) async throws(TransportError) -> HostFacts {
        try await greeting(run, isNew: isNew, []).facts
    }

    package func enter(
        run: RunID, isNew: Bool, as holder: LockHolder
    ) async throws(TransportError) -> (facts: HostFacts, lock: LockResult?) {
        var (facts, reply) = try await greeting(run, isNew: isNew, holder.words)
        return (facts, facts.folder.takesLock ? try reply.lock() : nil)
    }

    /// - Parameter lock: what is written into the lock; empty: it is not taken.
    private func greeting(
        _ run: RunID, isNew: Bool, _ lock: [String]
    ) async throws(TransportError) -> (facts: HostFacts, rest: ReplyReader) {
        try check(run.rawValue)
        pool.setRun(run)
        var reply = try await ask(isGreeting: true) { (line) throws(RequestLine.Problem) in
            try line.call("rb_greet", [isNew ? "1" : "0"] + lock)
        }
        let (facts, folder) = try reply.facts()
        state.withLock {
            $0.folder = (folder, facts.folder)
            $0.run = run
        }
        return (facts, reply)
    }

    package func ask(
        _ questions: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> [Answer] {
        var answers: [Answer] = []
        var rest = questions[...]
        while let first = rest.first {
            // Neighbours that are asked as the same user travel together.
            let part = Array(rest.prefix { $0.runAs == first.runAs })
            rest = rest.dropFirst(part.count)
            answers += try await agent(of: first.runAs).askHere(part, environment: environment)
        }
        return answers
    }

    private func askHere(
        _ questions: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> [Answer] {
        var reply = try await ask { (line) throws(RequestLine.Problem) in
            try line.setEnvironment(environment)
            try line.begin("ask", questions)
        }
        return try reply.answers("ask", questions)
    }

    /// The session as that user, which has the user's claims and files.
    private func agent(of name: String?) async throws(TransportError) -> SupervisedSession {
        guard let name, name != user else { return self }
        guard let run = state.withLock({ $0.run }) else {
            throw TransportError(.local, host: host, "the host was not greeted")
        }
        return try await agents.agent(of: name, run: run, beside: self)
    }

    /// Whether the run's folder of this user is gone, although it had one: then it is not known what was claimed.
    private var hasLostItsFolder: Bool {
        guard let finding = state.withLock({ $0.folder?.finding }) else { return false }
        return finding == .missing || finding == .foreign
    }

    package func attempt(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply {
        try check(request.id.rawValue)
        return try await agent(of: request.id.user).attemptHere(request)
    }

    private func attemptHere(_ request: AttemptRequest) async throws(TransportError) -> AttemptReply {
        _ = try folder()
        if let staged = request.staged { try await send(staged) }
        let lane = try await pool.acquire()
        var isFit = false
        do throws(TransportError) {
            let input = try await stage(request, in: lane)
            var reply = try await exchange(lane) { (line) throws(RequestLine.Problem) in
                try line.setEnvironment(request.environment)
                try line.begin("unless", request.unless)
                try line.begin("check", request.check)
                try line.begin("require", request.require)
                try line.call(
                    "rb_attempt",
                    [
                        request.id.rawValue, request.shell.rawValue, centiseconds(request.timeout.after),
                        request.timeout.then.rawValue, statuses(request.okExit), input.kind, request.script,
                    ] + input.text)
                try line.begin("after", request.after)
            }
            let answer = try reply.attempt(request)
            // The shell of an attempt that was left waits for it and can answer nobody else.
            if case .left = answer { isFit = false } else { isFit = true }
            await pool.release(lane, isFit: isFit)
            return answer
        } catch {
            await pool.release(lane, isFit: false)
            throw error
        }
    }

    package func lookUp(_ id: AttemptID) async throws(TransportError) -> AttemptState {
        try check(id.rawValue)
        let agent = try await agent(of: id.user)
        if agent !== self, agent.hasLostItsFolder { return .torn }
        var reply = try await agent.ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_lookup", id.rawValue)
        }
        return try reply.state()
    }

    package func follow(
        _ id: AttemptID, after: [QuestionRequest], environment: [ShellVariable]
    ) async throws(TransportError) -> AttemptReply {
        try check(id.rawValue)
        var reply = try await agent(of: id.user).ask { (line) throws(RequestLine.Problem) in
            try line.setEnvironment(environment)
            try line.call("rb_follow", id.rawValue)
            try line.begin("after", after)
        }
        if reply.kind == "state" { return .refused(try reply.state()) }
        let end = try reply.attemptEnd()
        return .ended(AttemptReply.Before(), end, after: try reply.answers("after", after))
    }

    package func fence(_ id: AttemptID) async throws(TransportError) -> FenceResult {
        try check(id.rawValue)
        var reply = try await agent(of: id.user).ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_fence", id.rawValue)
        }
        let state = try reply.state()
        return state == .fenced ? .fenced : .claimed(state)
    }

    package func stop(_ id: AttemptID) async throws(TransportError) {
        try check(id.rawValue)
        _ = try await agent(of: id.user).ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_stop", id.rawValue)
        }
    }

    /// Is carried out with the next request, or by `close`: it needs no round trip of its own.
    package func forget(_ id: AttemptID) async throws(TransportError) {
        try check(id.rawValue)
        let agent = try await agent(of: id.user)
        agent.state.withLock { $0.forgotten.append(id) }
    }

    package func read(_ path: String, limit: Int) async throws(TransportError) -> HostFile? {
        precondition(limit >= 0 && limit < FrameParser.payloadLimit, "a file of this length is not sent")
        guard path.hasPrefix("/") else {
            throw TransportError(.local, host: host, "the path \(visible(path)) does not begin with a slash")
        }
        var reply = try await ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_read", path, "\(limit)")
        }
        return try reply.file()
    }

    package func capture(
        _ script: String, timeout: Duration, limit: Int
    ) async throws(TransportError) -> [UInt8] {
        precondition(limit >= 0 && limit < FrameParser.payloadLimit, "a file of this length is not sent")
        let path = "\(try folder())/.captured.\(pool.nextTag())"
        var question = QuestionRequest(script: "exec >\(shellQuoted(path))\n\(script)")
        question.timeout = timeout
        var reply = try await ask { (line) throws(RequestLine.Problem) in
            try line.begin("ask", [question])
            try line.call("rb_read", path, "\(limit)")
            // In this shell, which has no other use for the name.
            try line.call("rm", "-f", path)
        }
        let answer = try reply.answers("ask", [question]).first
        guard let answer, answer.verdict == .yes, let file = try reply.file() else {
            let why = answer.map { "\($0.reason): \(visible($0.errors))" } ?? "it did not answer"
            throw TransportError(.local, host: host, "\(host) could not be looked at: \(why)")
        }
        return file.bytes
    }

    package func takeLock(_ holder: LockHolder) async throws(TransportError) -> LockResult {
        var reply = try await ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_lock", holder.words)
        }
        return try reply.lock()
    }

    /// Takes the host from the run that holds it, by a person's word: what that run has not started on it, it can
    /// start no more. Nothing is taken while one of its commands runs, nor from any other run. The name is empty
    /// for a lock that is torn. A run from which the host was taken takes it back in the same way.
    package func takeOver(from run: RunID, by holder: LockHolder) async throws(TransportError) -> TakeOver {
        if !run.rawValue.isEmpty { try check(run.rawValue) }
        var reply = try await ask { (line) throws(RequestLine.Problem) in
            try line.call("rb_take", [run.rawValue] + holder.words)
        }
        return try reply.takeOver()
    }

    package func releaseLock() async throws(TransportError) {
        guard let run = state.withLock({ $0.run }) else { return }
        try await breakLock(of: run)
    }

    /// Gives the host free if that run holds it: a person's decision. The name is empty for a lock that is torn,
    /// of which `takeLock` tells no run.
    package func breakLock(of run: RunID) async throws(TransportError) {
        _ = try await ask { (line) throws(RequestLine.Problem) in try line.call("rb_unlock", run.rawValue) }
    }

    /// Removes all that the run keeps on the host, as other users too, and its lock. After this its attempts are not
    /// known any more, so it is for runs that are finished or abandoned. Refused while one of its commands runs;
    /// the session is to be closed afterwards. What could not be removed can be tried again.
    package func clean() async throws(TransportError) {
        for user in try await usersOfTheRun() {
            let agent = try await agent(of: user)
            // A clean that was cut short has removed it already.
            if !agent.hasLostItsFolder { try await agent.clean() }
        }
        await agents.close()
        _ = try await ask { (line) throws(RequestLine.Problem) in try line.call("rb_clean") }
    }

    /// The users as whom this process or an earlier one has acted here for the run.
    private func usersOfTheRun() async throws(TransportError) -> [String] {
        let script = """
            for mark in "$RUNBOOK_FOLDER"/as-*; do
                [ ! -e "$mark" ] || echo "${mark##*/as-}"
            done
            """
        let answer = try await ask([QuestionRequest(script: script)], environment: []).first
        guard let answer, answer.verdict == .yes else {
            throw TransportError(.local, host: host, "the users of the run on \(host) are not told")
        }
        return answer.output.split(separator: "\n").map(String.init)
    }

    package func close() async {
        await agents.close()
        if state.withLock({ !$0.forgotten.isEmpty }), let lane = pool.acquireIdle() {
            let reply = try? await exchange(lane) { (_) throws(RequestLine.Problem) in }
            await pool.release(lane, isFit: reply != nil)
        }
        await pool.close()
    }
}

extension SupervisedSession {
    private typealias Fill = (inout RequestLine) throws(RequestLine.Problem) -> Void

    /// One request on whatever lane is free.
    private func ask(isGreeting: Bool = false, _ fill: Fill) async throws(TransportError) -> ReplyReader {
        if !isGreeting { _ = try folder() }
        let lane = try await pool.acquire()
        do throws(TransportError) {
            let reply = try await exchange(lane, fill)
            await pool.release(lane, isFit: true)
            return reply
        } catch {
            // Only what the host itself refused leaves the lane in step with its replies.
            await pool.release(lane, isFit: error.code == .local)
            throw error
        }
    }

    /// The run's folder, if the greeting found it to be ours. Nothing else is asked of a host without one:
    /// a channel that is opened later looks at the folder with less care than the greeting.
    func folder() throws(TransportError) -> String {
        guard let (path, finding) = state.withLock({ $0.folder }) else {
            throw TransportError(.local, host: host, "the host was not greeted")
        }
        guard finding == .made || finding == .ours else {
            throw TransportError(.local, host: host, "on \(host): \(path) is not there or not this run's")
        }
        return path
    }

    private func exchange(_ lane: SupervisorLane, _ fill: Fill) async throws(TransportError) -> ReplyReader {
        let tag = pool.nextTag()
        var line = RequestLine(tag: tag)
        let forgotten = state.withLock { state in
            defer { state.forgotten = [] }
            return state.forgotten
        }
        do throws(RequestLine.Problem) {
            for id in forgotten { try line.call("rb_forget", id.rawValue) }
            try fill(&line)
        } catch {
            state.withLock { $0.forgotten += forgotten }
            throw TransportError(.local, host: host, error.message)
        }
        return try ReplyReader(host: host, await lane.exchange(line, tag: tag))
    }

    /// Brings the command's stdin to the host, or into the request.
    private func stage(
        _ request: AttemptRequest, in lane: SupervisorLane
    ) async throws(TransportError) -> (kind: String, text: [String]) {
        guard let input = request.input else { return ("none", []) }
        if input.count <= Self.inlineInputLimit, !input.contains(0),
            let text = String(validating: input, as: UTF8.self)
        {
            return ("text", [text])
        }
        guard input.count <= Self.inputLimit else {
            throw TransportError(
                .local, host: host, "the command's stdin is longer than \(Self.inputLimit) bytes")
        }
        let path = "\(try folder())/\(request.id).\(lane.nonce).in"
        let channel: any Channel
        do throws(TransportError) {
            channel = try await pool.open("umask 077; exec cat >\(shellQuoted(path))")
        } catch {
            // The host opens no channel beside this one: what a shell can read goes through it, slowly.
            guard error.code == .channelRefused, let text = String(validating: input, as: UTF8.self),
                !input.contains(0)
            else { throw error }
            return ("text", [text])
        }
        try await channel.write(input)
        try await channel.endInput()
        // How it ended does not matter: the supervisor counts the bytes before it claims.
        while true { if case .ended = try await channel.next() { break } }
        await channel.close()
        return ("\(input.count)", [])
    }

    private func check(_ name: String) throws(TransportError) {
        guard isFileName(name) else {
            throw TransportError(
                .local, host: host, "\(visible(name)) cannot be the name of a file on the host")
        }
    }
}

extension LockHolder {
    /// Three lines of the lock's file.
    fileprivate var words: [String] {
        [who, since, runbook].map { text in String(text.map { $0.isNewline ? " " : $0 }) }
    }
}

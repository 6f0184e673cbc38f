import RunbookModel
import RunbookSupervisor
import RunbookTransport
import Synchronization
import Testing

/// Sessions as other users, through a `sudo` of the test's own that wants a password.
@Suite(.timeLimit(.minutes(1))) struct SupervisorUserTests {
    private final class Typist: ConnectionPrompts {
        let questions = Mutex<[String]>([])

        func acceptsNewHost(_ host: HostID, address: String, fingerprint: String) async -> Bool { false }

        func secret(_ question: String, host: HostID) async -> String? {
            questions.withLock { $0.append("\(host): \(question)") }
            // Time for another user to be wanted meanwhile.
            try? await Task.sleep(for: .milliseconds(200))
            return "secret"
        }
    }

    /// Each user has a folder of runs of their own; a real one would have a home.
    private static func sudo(_ folder: String) -> String {
        """
        #!/bin/sh
        asks=1 user=
        while [ "$1" != -- ]; do
            case $1 in
            -u) user=$2; shift ;;
            -p) shift ;;
            -n) asks=0 ;;
            esac
            shift
        done
        shift
        [ $asks = 1 ] || exit 1
        read -r word
        [ "$word" = secret ] || { echo 'Sorry, try again.' >&2; exit 1; }
        mkdir -p \(folder)/users
        RUNBOOK_DIR=\(folder)/users/$user; export RUNBOOK_DIR
        exec "$@"
        """
    }

    private static let id = """
        #!/bin/sh
        [ "$1" != -u ] || { echo 12345; exit; }
        exec /usr/bin/id "$@"
        """

    private static func with(
        _ body: (Sandbox, @escaping (String, Typist) async throws -> SupervisedSession) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let bin = "\(sandbox.folder)/bin"
            for (name, text) in [("sudo", sudo(sandbox.folder)), ("id", id)] {
                try await sandbox.say("cat >\(bin)/\(name) <<'E'\n\(text)\nE\nchmod +x \(bin)/\(name)")
            }
            let environment = [
                "PATH": "\(bin):/usr/bin:/bin", "HOME": sandbox.folder,
                "RUNBOOK_DIR": "\(sandbox.folder)/runs",
            ]
            let connector = LocalConnector(shell: "\(bin)/sh", environment: environment)
            try await body(sandbox) { nonce, typist in
                let session = SupervisedSession(
                    host: Sandbox.host, connection: connector.connect(to: Sandbox.host), nonce: nonce,
                    prompts: typist)
                _ = try await session.greet(run: Sandbox.run, isNew: true)
                return session
            }
        }
    }

    private static func asking(_ script: String, as user: String) -> [QuestionRequest] {
        var question = QuestionRequest(script: script)
        question.runAs = user
        return [question]
    }

    @Test func aPasswordIsAskedOnceForTwoUsersAtOnce() async throws {
        try await Self.with { _, session in
            let typist = Typist()
            let session = try await session("one", typist)
            async let first = session.ask(Self.asking("true", as: "lena"), environment: [])
            async let second = session.ask(Self.asking("true", as: "max"), environment: [])
            #expect(try await (first + second).map(\.verdict) == [.yes, .yes])
            #expect(typist.questions.withLock { $0 } == ["master: Password for sudo"])
            await session.close()
        }
    }

    /// The folders of users as whom an earlier process of the run has acted are removed as well.
    @Test func cleanRemovesTheFoldersOfAllUsersOfTheRun() async throws {
        try await Self.with { sandbox, session in
            let first = try await session("one", Typist())
            let id = AttemptID(step: StepID("step"), host: Sandbox.host, number: 1, user: "lena")
            guard case .ended = try await first.attempt(AttemptRequest(id: id, script: "true")) else {
                Issue.record("the attempt did not end")
                return
            }
            _ = try await first.ask(Self.asking("true", as: "max"), environment: [])
            await first.close()
            let folders = "cd \(sandbox.folder); ls -d runs/* users/*/* 2>/dev/null || :"
            let all = ["runs", "users/lena", "users/max"].map { "\($0)/\(Sandbox.run)\n" }.joined()
            #expect(try await sandbox.say(folders) == all)

            let second = try await session("two", Typist())
            try await second.clean()
            await second.close()
            #expect(try await sandbox.say(folders) == "")
        }
    }
}

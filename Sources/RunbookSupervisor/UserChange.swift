import RunbookModel
import RunbookText
import RunbookTransport

/// How a shell on a host becomes another user's: through `su` when root has logged in, else through `sudo`, with
/// a password where the host wants one.
///
/// Found out once for each user of a connection. A password is kept here, and nowhere else, as long as the
/// connection is; it is written to sudo's stdin and never stands in a command.
actor UserChange {
    private enum Way: Sendable, Equatable {
        case su
        case sudo(password: String?)
    }

    private typealias Search = Task<Result<Way, TransportError>, Never>

    private let host: HostID
    private let connection: any Connection
    private let prompts: (any ConnectionPrompts)?
    /// The way for each user, also while it is being found out: nobody is asked twice.
    private var ways: [String: Search] = [:]
    /// The search that began last. They go one after the other: the password of one may open the next as well.
    private var lastSearch: Search?
    private var password: String?

    private static let passwordTries = 3

    init(host: HostID, connection: any Connection, prompts: (any ConnectionPrompts)?) {
        self.host = host
        self.connection = connection
        self.prompts = prompts
    }

    /// Starts `command`, which is shell text, as that user. Its stdin is the channel's.
    func open(_ command: String, as user: String) async throws(TransportError) -> any Channel {
        switch try await way(to: user) {
        case .su:
            // A folder of the user's own beside root's: not every user has a home to write to. Without `-` su keeps
            // the environment.
            let script = """
                d=${RUNBOOK_DIR:-/var/lib/runbook}.users
                (umask 022; mkdir -p "$d"; mkdir -m 700 "$d/$1" && chown "$1" "$d/$1") 2>/dev/null
                RUNBOOK_DIR=$d/$1; export RUNBOOK_DIR
                exec su -s /bin/sh "$1" -c "$2"
                """
            return try await connection.open(
                "exec sh -c \(shellQuoted(script)) runbook \(shellQuoted(user)) \(shellQuoted(command))")
        case .sudo(nil):
            return try await connection.open(Self.sudo("-n", user, command))
        case .sudo(let password?):
            let channel = try await connection.open(Self.sudo("-S -k -p ''", user, command))
            try await channel.write(Array("\(password)\n".utf8))
            return channel
        }
    }

    private static func sudo(_ options: String, _ user: String, _ command: String) -> String {
        "exec env LC_ALL=C sudo \(options) -H -u \(shellQuoted(user)) -- sh -c \(shellQuoted(command))"
    }

    private func way(to user: String) async throws(TransportError) -> Way {
        if let way = ways[user] { return try await way.value.get() }
        let before = lastSearch
        let finding = Search {
            _ = await before?.value
            do throws(TransportError) {
                return .success(try await findWay(to: user))
            } catch {
                return .failure(error)
            }
        }
        ways[user] = finding
        lastSearch = finding
        let result = await finding.value
        // What failed may work the next time: somebody mends sudoers, or types better.
        if case .failure = result { ways[user] = nil }
        return try result.get()
    }

    private func findWay(to user: String) async throws(TransportError) -> Way {
        let probe = """
            if [ "$(id -u)" = 0 ]; then echo su; exit; fi
            command -v sudo >/dev/null || { echo none; exit; }
            # -k: a ticket of earlier today would be over in the middle of the run.
            LC_ALL=C sudo -k -n -u "$1" -- sh -c : 2>/dev/null && echo free || echo ask
            """
        let said = try await run("exec sh -c \(shellQuoted(probe)) runbook \(shellQuoted(user))", input: nil)
        switch said.output {
        case "su\n": return .su
        case "free\n": return .sudo(password: nil)
        case "ask\n": return .sudo(password: try await askPassword(for: user))
        default:
            throw TransportError(
                .authenticationFailed, host: host, "nobody can become \(user) on \(host): there is no sudo",
                remedy: "install sudo on \(host), or log in as \(user)")
        }
    }

    /// A password that sudo takes; it is tried before it is used.
    private func askPassword(for user: String) async throws(TransportError) -> String {
        var last = ""
        for _ in 0..<Self.passwordTries {
            let known = password
            guard
                let answer =
                    if let known { known } else {
                        await prompts?.secret("Password for sudo", host: host) ?? nil
                    }
            else { break }
            password = nil
            // sudo would ask again at once; the end of its stdin makes it give up.
            let said = try await run(Self.sudo("-S -k -p ''", user, ":"), input: answer)
            if said.end == .exited(0) {
                password = answer
                return answer
            }
            last = visible(said.errors.split(separator: "\n").joined(separator: " "))
            guard said.errors.contains("try again") || said.errors.contains("incorrect password") else {
                break
            }
        }
        let said = last.isEmpty ? "sudo wants a password, and nobody is there to ask" : "sudo says: \(last)"
        throw TransportError(
            .authenticationFailed, host: host, "\(user) cannot be reached through sudo on \(host): \(said)",
            remedy: "run with a terminal to type the password, or allow it in sudoers (NOPASSWD)")
    }

    private struct Said { var output = "", errors = "", end = CommandEnd.unknown }

    private func run(_ command: String, input: String?) async throws(TransportError) -> Said {
        let channel = try await connection.open(command)
        if let input { try await channel.write(Array("\(input)\n".utf8)) }
        try await channel.endInput()
        var output: [UInt8] = [], errors: [UInt8] = []
        while true {
            switch try await channel.next() {
            case .output(let bytes): output += bytes.prefix(4096 - output.count)
            case .errors(let bytes): errors += bytes.prefix(4096 - errors.count)
            case .ended(let end):
                await channel.close()
                return Said(
                    output: String(decoding: output, as: UTF8.self),
                    errors: String(decoding: errors, as: UTF8.self), end: end)
            }
        }
    }
}

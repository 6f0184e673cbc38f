import FoundationEssentials
import RunbookDiagnostics
import RunbookEngine
import RunbookFiles
import RunbookModel
import RunbookTerminal
import RunbookText
import RunbookTransport

/// Gets the secrets of a run from where the site file says, once, before anything is connected.
struct SecretFetch {
    private let loaded: LoadedRunbook
    private let console: Console
    private let prompter: Prompter?

    init(_ loaded: LoadedRunbook, _ console: Console, _ prompter: Prompter?) {
        self.loaded = loaded
        self.console = console
        self.prompter = prompter
    }

    /// The plan with its secrets, which are hidden from now on. What cannot be had ends the command.
    func plan() async throws -> Plan {
        var plan = loaded.plan
        for input in plan.runbook.inputs {
            guard let source = plan.site.secrets[input.name] else { continue }
            let secret = try await text(of: input, from: source)
            if case .practice = source {
                try? plan.redactor.register(secret)
            } else {
                try check(secret, of: input)
                try plan.redactor.register(secret)
                try Secrets.hide(secret)
            }
            plan.site.inputs[input.name] = .string(secret)
        }
        return plan
    }

    private func text(of input: Input, from source: SecretSource) async throws -> String {
        switch source {
        case .prompt:
            guard let answer = await ask(input) else {
                throw refused(
                    input, "nobody is there to type it",
                    "say in the site file where it comes from: `{ env: NAME }`, `{ file: PATH }` or `{ command: … }`",
                    .undecided)
            }
            return answer
        case .environment(let name):
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw refused(input, "the variable \(name) is not set")
            }
            return value
        case .file(let path): return try read(path, for: input)
        case .command(let command): return try await output(of: command, for: input)
        case .practice(let text): return text
        }
    }

    private func ask(_ input: Input) async -> String? {
        guard let prompter else { return nil }
        let question = input.title.map { "\($0) (\(input.name))" } ?? input.name
        return await console.withoutStatus {
            await prompter.askSecret("\(question), not shown: ", style: console.talkStyle)
        }
    }

    // MARK: - Files

    private func read(_ path: String, for input: Input) throws -> String {
        var path = path
        if path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
            path = home + path.dropFirst()
        } else if !path.hasPrefix("/") {
            path = RunbookPaths.folder(of: loaded.paths.site) + path
        }
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw refused(input, "there is no file \(path)")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw refused(input, "\(path) is not a file", "name the file itself, not a link to it")
        }
        let mode = attributes[.posixPermissions].flatMap { Int("\($0)") } ?? 0o777
        guard mode & 0o077 == 0 else {
            throw refused(input, "others can read or change \(path)", "chmod 600 \(shellQuoted(path))")
        }
        do throws(FileError) {
            return decoded(try POSIXFileStore().readFile(path, limit: Self.lengthMax))
        } catch {
            throw refused(input, error.message)
        }
    }

    /// A key file with all its certificates is far below it.
    private static let lengthMax = 64 << 10

    private func decoded(_ bytes: [UInt8]) -> String {
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - Commands

    private func output(of command: String, for input: Input) async throws -> String {
        let connection = LocalConnector().connect(to: HostID("localhost"))
        var output: [UInt8] = [], errors: [UInt8] = []
        var status: CommandEnd?
        do throws(TransportError) {
            let channel = try await connection.open(command)
            try await channel.endInput()
            while status == nil {
                switch try await channel.next() {
                case .output(let bytes): output += bytes
                case .errors(let bytes): errors += bytes
                case .ended(let end): status = end
                }
                guard output.count <= Self.lengthMax else { break }
            }
        } catch {
            await connection.close()
            throw refused(input, error.message)
        }
        await connection.close()
        guard output.count <= Self.lengthMax else { throw refused(input, "its command prints too much") }
        guard status == .exited(0) else {
            let said = visible(bytes: errors.suffix(400))
            throw refused(input, "its command failed\(said.isEmpty ? "" : ": \(said)")")
        }
        return decoded(output)
    }

    // MARK: - What is refused

    private func check(_ secret: String, of input: Input) throws {
        guard secret.utf8.count >= Redactor.shortestSecretInBytes else {
            throw refused(
                input, "it has \(counted(secret.utf8.count, "byte"))",
                "one of fewer than \(Redactor.shortestSecretInBytes) cannot be hidden: it would hide ordinary words"
            )
        }
        guard !secret.utf8.contains(0) else { throw refused(input, "it holds a NUL") }
        if let pattern = input.pattern, let regex = try? ExtendedRegex(pattern), !regex.matchesWhole(secret) {
            throw refused(input, "it does not match `\(pattern)`")
        }
        for path in [loaded.paths.runbook, loaded.paths.site] + loaded.usedPaths where fileExists(path) {
            let text = try LoadedRunbook.source(path, POSIXFileStore(), console).bytes
            guard text.firstRange(of: Array(secret.utf8)) == nil else {
                throw refused(
                    input, "it stands in \(path)", "choose another one: that file is kept and copied")
            }
        }
    }

    private func refused(
        _ input: Input, _ message: String, _ hint: String? = nil, _ status: ExitStatus = .wrongRunbook
    ) -> any Error {
        console.say("\(.error, "error"): the secret \(input.name): \(message)")
        if let hint { console.say("  \(.hint, "hint"): \(hint)") }
        console.say("nothing was connected, nothing was sent")
        return status.code
    }
}

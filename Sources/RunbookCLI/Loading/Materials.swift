import RunbookEngine
import RunbookFiles
import RunbookModel
import RunbookTerminal
import RunbookText

/// The files and folders that `copy` and `script` steps name, found and judged before anything is sent.
struct Materials {
    /// What is short, by the name in the runbook.
    private(set) var files: [String: [UInt8]] = [:]
    /// Folders, and files too long to be kept in memory.
    private(set) var trees: [String: LocalTree] = [:]

    /// Longer files are read in parts when they are sent; of shorter ones the difference is shown line by line.
    private static let wholeMax = 1 << 20

    init(of runbook: Runbook, beside path: String, _ store: POSIXFileStore, _ console: Console) throws {
        let folder = RunbookPaths.folder(of: path)
        for step in runbook.allSteps {
            do throws(TreeProblem) {
                switch step.action {
                case .copy(let copy): try add(copy, folder, store)
                case .script(let name, _): files[name] = try Self.whole(folder + name, store)
                default: continue
                }
            } catch {
                console.say("\(.error, "error"): step \(.step, step.id.rawValue): \(error.message)")
                if let hint = error.hint { console.say("  \(.hint, "hint"): \(hint)") }
                throw ExitStatus.wrongRunbook.code
            }
            try Self.refuseForeignShell(files, step, console)
        }
    }

    private mutating func add(
        _ copy: CopyAction, _ folder: String, _ store: POSIXFileStore
    ) throws(TreeProblem) {
        switch copy.source {
        case .content: break
        case .folder(let name):
            if trees[name] == nil { trees[name] = try TreeReader(store, folder + name, name).folder() }
        case .file(let name):
            guard files[name] == nil, trees[name] == nil else { return }
            if try Self.length(folder + name, name, store) > Self.wholeMax {
                trees[name] = try TreeReader(store, folder + name, name).file()
            } else {
                files[name] = try Self.whole(folder + name, store)
            }
        }
    }

    private static func length(
        _ path: String, _ name: String, _ store: POSIXFileStore
    ) throws(TreeProblem) -> Int {
        do throws(FileError) {
            guard try store.status(of: path)?.kind == .directory else {
                return try store.openFile(path).status().length
            }
        } catch {
            throw TreeProblem(error.message)
        }
        throw TreeProblem("\(name) is a folder", hint: "write `\(name)/` to copy it with all that is in it")
    }

    private static func whole(_ path: String, _ store: POSIXFileStore) throws(TreeProblem) -> [UInt8] {
        do throws(FileError) {
            return try store.readFile(path, limit: 64 << 20)
        } catch {
            throw TreeProblem(error.message)
        }
    }

    private static func refuseForeignShell(
        _ files: [String: [UInt8]], _ step: Step, _ console: Console
    ) throws {
        guard case .script(let name, let shell) = step.action,
            let other = ScriptFile.foreignShell(files[name] ?? [], than: shell)
        else { return }
        console.say(
            "\(.error, "error"): step \(.step, step.id.rawValue): \(name) wants \(other) and would run under \(shell.rawValue)"
        )
        console.say("  \(.hint, "hint"): say `shell: bash`, or copy the file and run it with `argv`")
        throw ExitStatus.wrongRunbook.code
    }
}

/// What the first line of a script says.
enum ScriptFile {
    /// The program that its `#!` names, when that is not the shell that reads it. `sh` is read by bash too.
    static func foreignShell(_ bytes: [UInt8], than shell: Script.Shell) -> String? {
        guard bytes.starts(with: Array("#!".utf8)) else { return nil }
        let line = String(decoding: bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        var words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }[...]
        if words.first?.hasSuffix("/env") == true {
            words.removeFirst()
            // Options and variables of env(1) stand before the program; `-S` may be written together with it.
            if let first = words.first, first.hasPrefix("-S"), first.count > 2 {
                words[words.startIndex] = first.dropFirst(2)
            }
            words = words.drop { $0.hasPrefix("-") || $0.contains("=") }
        }
        let name = words.first?.split(separator: "/").last.map(String.init) ?? ""
        let known = shell == .bash ? ["sh", "dash", "bash"] : ["sh", "dash"]
        return known.contains(name) ? nil : name
    }
}

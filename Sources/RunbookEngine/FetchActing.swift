import RunbookDigest
import RunbookModel
import RunbookSupervisor
import RunbookText

/// Where a file of a host is kept on this machine: names of folders, then of the file. None of them leads out.
package struct FetchedPlace: Sendable, Hashable {
    package let names: [String]

    /// nil when a name is one that a folder cannot hold, or that leads elsewhere.
    package init?(_ names: [String]) {
        let isPlain = names.allSatisfy { name in
            !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
                && !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7F })
        }
        guard isPlain, names.count > 1 else { return nil }
        self.names = names
    }

    package var path: String { names.joined(separator: "/") }
}

/// What is found at such a place.
package enum FetchedState: Sendable, Equatable {
    case missing
    /// SHA-256 of the file, in hex.
    case there(digest: String)
    case unreadable(String)
}

/// A file that was put in its place.
package struct KeptFile: Sendable, Equatable {
    /// For people: where it lies, from the current folder or from the root.
    package var path: String
    /// What another file that was there is called now.
    package var older: String?

    package init(path: String, older: String? = nil) {
        self.path = path
        self.older = older
    }
}

extension UnitContext {
    /// The file of the host that is brought; nil for other steps.
    func fetchedPath() throws(EngineProblem) -> String? {
        guard case .fetch(let fetch) = step.action else { return nil }
        return try text(fetch.path)
    }

    /// `fetched/two-node@home/master/etc/hosts`: each run and each host has a folder of its own, and below it the
    /// file has the path that it has on the host.
    func fetchedPlace() throws(EngineProblem) -> FetchedPlace? {
        guard case .fetch(let fetch) = step.action, let host = unit.host, let path = try fetchedPath() else {
            return nil
        }
        let folder = fetch.folder.split(separator: "/").map(String.init)
        let below = path.split(separator: "/").map(String.init)
        let run = "\(plan.runbook.name)@\(plan.siteName)"
        guard path.hasPrefix("/"), !below.isEmpty,
            let place = FetchedPlace(folder + [run, host.rawValue] + below)
        else { throw EngineProblem("\(visible(path)) is no path of a file that can be kept here") }
        return place
    }

    /// Whether a file was brought, and is still here as it was; nil for other steps.
    /// - Parameter comparesWithHost: whether the file of the host was read, or what is known of an earlier fetch counts.
    func fetchedVerdict(_ findings: Findings?, comparesWithHost: Bool) -> ListVerdict? {
        do throws(EngineProblem) {
            guard let place = try fetchedPlace(), let path = try fetchedPath() else { return nil }
            var verdict = ListVerdict()
            verdict.verdict = .no
            var digest = outputs[unit]?["sha256"]?.text
            if comparesWithHost {
                guard let file = findings?.files[path] ?? nil else {
                    verdict.messages = ["\(unit.host?.rawValue ?? "") has no file \(path)"]
                    return verdict
                }
                digest = sha256(file.bytes).hex
            }
            switch findings?.fetched[place] {
            case .there(digest): return ListVerdict()
            case .there where comparesWithHost: verdict.messages = ["\(place.path) is another than \(path)"]
            case .there: verdict.messages = ["\(place.path) is not what was brought"]
            case .missing: verdict.messages = ["\(place.path) is not on this machine"]
            case .unreadable(let message): return .unanswered(message)
            case nil: return .unanswered("\(place.path) was not looked for")
            }
            return verdict
        } catch {
            return .unanswered(error.message)
        }
    }
}

// A file is brought by reading it and keeping it here. Nothing on the host changes, and what is here is replaced at
// once, so it needs no intent: a process that dies meanwhile has brought it or has not, and its digest says which.
extension RunState {
    /// Keeps the file that was read.
    mutating func bring(_ unit: Unit) {
        do throws(EngineProblem) {
            let context = context(unit)
            guard let path = try context.fetchedPath(), let place = try context.fetchedPlace() else { return }
            guard let file = active[unit]?.files[path] ?? nil else {
                throw EngineProblem("\(unit.host?.rawValue ?? "") has no file \(path)")
            }
            active[unit]?.stage = .keeping(digest: sha256(file.bytes).hex, length: file.bytes.count)
            effects.append(.keep(unit, place, file.bytes))
        } catch {
            failWithProblem(unit, error)
        }
    }

    mutating func kept(_ unit: Unit, _ result: Result<KeptFile, EngineProblem>) {
        guard case .keeping(let digest, let length) = active[unit]?.stage else { return }
        switch result {
        case .failure(let problem): failWithProblem(unit, problem)
        case .success(let file):
            recordFetched(unit, digest)
            let older = file.older.map { "; another one that was there is now \($0)" } ?? ""
            active[unit]?.brought = "\(file.path), \(counted(length, "byte"))\(older)"
            askAfter(unit)
        }
    }

    /// What is known of the file from then on, also of one that was here already.
    mutating func recordFetched(_ unit: Unit, _ digest: String) {
        guard let place = try? context(unit).fetchedPlace() else { return }
        record(.output(unit, name: "file", value: .string(place.path)))
        record(.output(unit, name: "sha256", value: .string(digest)))
    }

    /// How a unit is settled that had no attempt.
    func howWithoutAttempt(_ unit: Unit) -> Settlement.How {
        switch step(unit).action {
        case nil: .proven
        case .fetch: .fetched
        default: .byHand
        }
    }
}

import Glibc

/// What a lab's nodes are at one moment, as names and words: a file's mode and text, a daemon's state.
///
/// What cannot be the same in two runs is left out or made alike: times, logs, the supervisor's own files, the
/// bodies of keys and certificates, the salt of hashed host names. Of bytes that are no text it is told which
/// other files have the same.
package struct LabPicture: Sendable, Equatable {
    package var facts: [String: String] = [:]

    package init() {}

    /// The names that differ, sorted.
    package func differences(from other: LabPicture) -> [String] {
        Set(facts.keys).union(other.facts.keys).filter { facts[$0] != other.facts[$0] }.sorted()
    }
}

extension LabProcess {
    /// Looks at all nodes. They may run meanwhile; what is in motion may be half there.
    package func picture() throws(LabFailure) -> LabPicture {
        let words = try request(["facts"])
        var picture = LabPicture()
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            picture.facts[words[index]] = words[index + 1]
        }
        var reader = PictureReader()
        for node in HostFiles.list(folder.path + "/nodes") {
            for name in ["etc", "root", "var", "home", "srv"] {
                reader.read(folder.node(node) + "/" + name, as: "\(node):/\(name)")
            }
            reader.read(folder.privateTree(node), as: "\(node):/etc/pve")
        }
        reader.read(folder.clusterTree, as: "cluster:/etc/pve")
        picture.facts.merge(reader.facts()) { first, _ in first }
        return picture
    }

    /// The attempts that each node's supervisor has started, as the names of their claims, and how often.
    package func startedAttempts() -> [String] {
        var found: [String] = []
        for node in HostFiles.list(folder.path + "/nodes") {
            let runs = folder.node(node) + "/var/lib/runbook"
            for run in HostFiles.list(runs) {
                for name in HostFiles.list("\(runs)/\(run)") where name.hasSuffix(".claim") {
                    let text = HostFiles.readText("\(runs)/\(run)/\(name)") ?? ""
                    if text.hasPrefix("start ") { found.append(String(name.dropLast(".claim".count))) }
                }
            }
        }
        return found
    }

    /// What the supervisor of a node has written of an attempt; nil: no claim.
    package func claim(_ attempt: String, run: String, on node: String) -> String? {
        HostFiles.readText("\(folder.node(node))/var/lib/runbook/\(run)/\(attempt).claim")
    }

    /// The effects that took place since the lab began, without what nodes did by themselves at a boot.
    package func effects() -> [LabEffect] {
        let text = HostFiles.readText(folder.path + "/" + LabModels.effects) ?? ""
        return text.split(separator: "\n").compactMap { LabEffect(jsonLine: String($0)) }
            .filter { !$0.isOfBoot }
    }
}

extension LabEffect {
    /// init typed it, not a person or a runbook.
    var isOfBoot: Bool { command == "rc" || command.hasPrefix("rc ") }

    /// Reads a line that `jsonLine` has written; backslashes stay as they are written.
    init?(jsonLine line: String) {
        func member(_ name: String, upTo end: String) -> String? {
            guard let start = line.range(of: "\"\(name)\":\"") else { return nil }
            let rest = line[start.upperBound...]
            return rest.range(of: end).map { String(rest[..<$0.lowerBound]) }
        }
        guard let node = member("node", upTo: "\",\"effect\""),
            let name = member("effect", upTo: "\",\"command\""), let command = member("command", upTo: "\"}")
        else { return nil }
        self.init(node: node, name: name, command: command, at: 0)
    }
}

/// Reads folders of nodes into facts. Links are told, not followed.
private struct PictureReader {
    private var texts: [String: String] = [:]
    private var bytes: [String: [UInt8]] = [:]

    /// Below these nothing is looked at: it is of the boot, of the moment, or the supervisor's own.
    private static let ignored: Set<String> = [
        "/var/log", "/var/lib/runbook", "/var/cache", "/var/tmp", "/var/run", "/var/lock",
        "/etc/alternatives", "/etc/pve.new",
    ]

    mutating func read(_ folder: String, as shown: String) {
        for name in HostFiles.list(folder) {
            let (path, label) = ("\(folder)/\(name)", "\(shown)/\(Self.withoutTime(name))")
            let inNode = label.drop { $0 != "/" }
            // pmxcfs shows files such as .version and .members that it makes up when they are read.
            guard !Self.ignored.contains(String(inNode)), !(inNode.hasPrefix("/etc/pve/."))
            else { continue }
            if let target = HostFiles.linkTarget(path) {
                texts[label] = "link to \(target)"
            } else if let entry = Descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) {
                let mode = entry.mode
                if mode & UInt32(S_IFMT) == UInt32(S_IFDIR) {
                    texts[label] = "folder \(String(mode & 0o7777, radix: 8))"
                    read(path, as: label)
                } else {
                    keep(entry.readAll(), String(mode & 0o7777, radix: 8), label)
                }
            } else {
                texts[label] = "cannot be read"
            }
        }
    }

    /// A name with what can only be a time, such as `config-1439374443.sql.gz`, made alike.
    private static func withoutTime(_ name: String) -> String {
        var (result, digits) = ("", "")
        for character in name + "." {
            if character.isASCII && character.isNumber {
                digits.append(character)
            } else {
                result += digits.count < 10 ? digits : "TIME"
                result.append(character)
                digits = ""
            }
        }
        return String(result.dropLast())
    }

    private mutating func keep(_ content: [UInt8], _ mode: String, _ label: String) {
        if content.contains(0) || String(validating: content, as: UTF8.self) == nil {
            bytes[label] = content
            texts[label] = "file \(mode), no text"
        } else {
            texts[label] = "file \(mode)\n" + Self.steady(String(decoding: content, as: UTF8.self))
        }
    }

    func facts() -> [String: String] {
        var facts = texts
        for (label, content) in bytes {
            let twins = bytes.filter { $0.key != label && $0.value == content }.keys.sorted()
            if !twins.isEmpty {
                facts[label, default: ""] += ", the same as \(twins.joined(separator: ", "))"
            }
        }
        return facts
    }

    /// The text with what is random in it made alike.
    private static func steady(_ text: String) -> String {
        guard text.contains("-----BEGIN ") || text.contains("|1|") else { return text }
        var lines: [String] = []
        var isInBody = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("-----END ") { isInBody = false }
            if !isInBody { lines.append(withoutSalt(line)) }
            if line.hasPrefix("-----BEGIN ") { isInBody = true }
        }
        // ssh-keyscan answers in the order in which the keys arrive.
        return (text.contains("|1|") ? lines.sorted() : lines).joined(separator: "\n")
    }

    /// `|1|SALT|HASH ssh-rsa AAAA…` of known_hosts, with neither salt nor hash.
    private static func withoutSalt(_ line: Substring) -> String {
        guard line.hasPrefix("|1|"), let space = line.firstIndex(of: " ") else { return String(line) }
        return "|1|" + line[space...]
    }
}

extension Descriptor {
    /// Kind and permission bits, as in stat(2).
    fileprivate var mode: UInt32 {
        var status = stat()
        return unsafe fstat(number, &status) == 0 ? status.st_mode : 0
    }
}

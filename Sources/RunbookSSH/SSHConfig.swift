import RunbookModel
import RunbookText

/// What an ssh_config(5) says of a host, in the part of it that is supported: `Host`, `HostName`, `User`, `Port`,
/// `IdentityFile`, `IdentitiesOnly`, `ProxyJump`, `Include`, and `Match` with `all`, `host` and `originalhost`.
///
/// Anything else that would change where a connection goes, who logs in or how somebody is proven is refused
/// where it applies; a few keywords that change nothing of the kind are passed over. Nothing is ever run.
package struct SSHConfig: Sendable {
    /// A file and its text.
    package struct File: Sendable, Equatable {
        package var name: String
        package var text: String
        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    package struct Problem: Error, Equatable, Sendable {
        /// `config line 3: …`
        package var message: String
        package init(_ message: String) { self.message = message }
    }

    /// Something that a line says of the host.
    package struct Said: Sendable, Equatable {
        /// The keyword as it is usually written: `HostName`.
        package var keyword: String
        package var value: String
        /// `~/.ssh/config line 3`
        package var place: String
        package init(keyword: String, value: String, place: String) {
            self.keyword = keyword
            self.value = value
            self.place = place
        }
    }

    /// The values for one name. The first one that is said counts; key files add up.
    package struct Values: Sendable, Equatable {
        package var hostName: String?
        package var user: String?
        package var port: UInt16?
        /// As they are written, with `~` and `%` in them; `none` alone: no file.
        package var identityFiles: [String] = []
        package var identitiesOnly: Bool?
        /// `none`: no jump.
        package var proxyJump: String?
        package var taken: [Said] = []
        /// What applies and is of no interest here.
        package var passedOver: [Said] = []
        package init() {}
    }

    typealias Including = @Sendable (_ pattern: String) throws(Problem) -> [File]

    private let file: File
    private let including: Including

    /// - Parameter including: the files that an `Include` with this argument means, in the order of their names.
    init(_ file: File, including: @escaping Including) {
        self.file = file
        self.including = including
    }

    /// What is said of a name, as it is written in the site file.
    package func values(for name: String) throws(Problem) -> Values {
        var reading = SSHConfigReading(name: name, including: including)
        try reading.read(file, isActive: true, depth: 0)
        return reading.values
    }

    /// Keywords that change neither where a connection goes nor who logs in nor how somebody is proven.
    static let passedOver: Set<String> = [
        "addkeystoagent", "batchmode", "checkhostip", "compression", "connectionattempts", "connecttimeout",
        "controlmaster", "controlpath", "controlpersist", "escapechar", "exitonforwardfailure",
        "forwardagent",
        "forwardx11", "forwardx11timeout", "forwardx11trusted", "hashknownhosts", "ignoreunknown", "ipqos",
        "loglevel", "numberofpasswordprompts", "requesttty", "sendenv", "serveralivecountmax",
        "serveraliveinterval", "setenv", "tcpkeepalive", "updatehostkeys", "visualhostkey",
    ]
}

/// One reading of a configuration for one name.
struct SSHConfigReading {
    private static let depthMax = 16

    let name: String
    let including: SSHConfig.Including
    private(set) var values = SSHConfig.Values()

    init(name: String, including: @escaping SSHConfig.Including) {
        self.name = name
        self.including = including
    }

    /// Reads a file. What it says outside of a `Host` applies where the line that includes it does.
    mutating func read(_ file: SSHConfig.File, isActive: Bool, depth: Int) throws(SSHConfig.Problem) {
        guard depth <= Self.depthMax else {
            throw SSHConfig.Problem("\(file.name): too many files include each other")
        }
        var isMatching = isActive
        // By bytes: for Swift a line break with a carriage return is another character.
        let lines = file.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, text) in lines.map({ Substring($0) }).enumerated() {
            let place = "\(file.name) line \(index + 1)"
            guard let line = try Self.line(text, place) else { continue }
            switch line.keyword {
            case "host": isMatching = isActive && matches(hosts: line.arguments)
            case "match":
                // In a file that does not apply nothing is looked at: it could only be refused for nothing.
                isMatching = isActive ? try matches(criteria: line.arguments, place) : false
            case "include":
                for pattern in line.arguments where isMatching {
                    for file in try including(pattern) { try read(file, isActive: true, depth: depth + 1) }
                }
            default: if isMatching { try take(line, place) }
            }
        }
    }

    private static func line(_ text: Substring, _ place: String) throws(SSHConfig.Problem) -> SSHConfigLine? {
        do throws(SSHConfigLine.Fault) {
            return try SSHConfigLine(text)
        } catch {
            switch error {
            case .noArgument(let word): throw SSHConfig.Problem("\(place): `\(visible(word))` has no value")
            case .openQuote: throw SSHConfig.Problem("\(place): a quote is not closed")
            }
        }
    }

    /// A name that one pattern excludes is not meant, whatever the others say.
    private func matches(hosts patterns: [String]) -> Bool {
        var isFound = false
        for pattern in patterns {
            if pattern.hasPrefix("!") {
                if SSHPattern.matches(pattern.dropFirst(), name) { return false }
            } else if SSHPattern.matches(pattern, name) {
                isFound = true
            }
        }
        return isFound
    }

    private func matches(criteria: [String], _ place: String) throws(SSHConfig.Problem) -> Bool {
        var rest = criteria[...]
        var isMatching = true
        while let written = rest.popFirst() {
            let isNegated = written.hasPrefix("!")
            let criterion = (isNegated ? written.dropFirst() : written[...]).lowercased()
            let subject: String
            switch criterion {
            case "all" where !isNegated && criteria.count == 1: return true
            case "host": subject = values.hostName ?? name
            case "originalhost": subject = name
            default:
                // What is already out of the question stays so, whatever is asked besides.
                guard isMatching else { return false }
                throw SSHConfig.Problem("\(place): `Match \(visible(written))` is not supported")
            }
            guard let list = rest.popFirst() else {
                throw SSHConfig.Problem("\(place): `Match \(visible(written))` has no value")
            }
            if SSHPattern.listMatches(list, subject) == isNegated { isMatching = false }
        }
        return isMatching
    }

    private mutating func take(_ line: SSHConfigLine, _ place: String) throws(SSHConfig.Problem) {
        guard let value = line.arguments.first else { return }
        func refused(_ why: String) -> SSHConfig.Problem { SSHConfig.Problem("\(place): \(why)") }
        func taken(_ keyword: String, _ value: String) {
            values.taken.append(SSHConfig.Said(keyword: keyword, value: value, place: place))
        }
        switch line.keyword {
        case "hostname":
            guard values.hostName == nil else { return }
            let expanded = try expand(value, ["h": name], "HostName", place)
            values.hostName = expanded
            taken("HostName", expanded)
        case "user":
            guard values.user == nil else { return }
            values.user = value
            taken("User", value)
        case "port":
            guard values.port == nil else { return }
            guard let port = UInt16(value), port > 0 else {
                throw refused("`Port \(visible(value))` is no port")
            }
            values.port = port
            taken("Port", value)
        case "identityfile":
            guard !values.identityFiles.contains(value) else { return }
            values.identityFiles.append(value)
            taken("IdentityFile", value)
        case "identitiesonly":
            guard values.identitiesOnly == nil else { return }
            guard let flag = ["yes": true, "true": true, "no": false, "false": false][value.lowercased()]
            else {
                throw refused("`IdentitiesOnly \(visible(value))` is neither yes nor no")
            }
            values.identitiesOnly = flag
            taken("IdentitiesOnly", value)
        case "proxyjump":
            guard values.proxyJump == nil else { return }
            values.proxyJump = value.lowercased() == "none" ? "none" : value
            if value.lowercased() != "none" { taken("ProxyJump", value) }
        case "stricthostkeychecking" where ["yes", "true", "ask"].contains(value.lowercased()),
            _ where SSHConfig.passedOver.contains(line.keyword):
            values.passedOver.append(
                SSHConfig.Said(
                    keyword: line.word, value: line.arguments.joined(separator: " "), place: place))
        default: throw refused("`\(visible(line.word))` is not supported")
        }
    }

    /// The text with its `%x` filled in (ssh_config(5), TOKENS).
    private func expand(
        _ text: String, _ tokens: [Character: String], _ keyword: String, _ place: String
    ) throws(SSHConfig.Problem) -> String {
        do throws(SSHTokens.Unknown) {
            return try SSHTokens.expand(text, tokens)
        } catch {
            throw SSHConfig.Problem("\(place): `%\(error.token)` in `\(keyword)` is not supported")
        }
    }
}

/// `%h` and its like (ssh_config(5), TOKENS).
enum SSHTokens {
    struct Unknown: Error, Equatable { var token: String }

    static func expand(_ text: String, _ tokens: [Character: String]) throws(Unknown) -> String {
        var expanded = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "%" else {
                expanded.append(character)
                continue
            }
            guard let token = rest.popFirst() else { throw Unknown(token: "") }
            if token == "%" {
                expanded.append("%")
            } else if let value = tokens[token] {
                expanded += value
            } else {
                throw Unknown(token: visible(String(token)))
            }
        }
        return expanded
    }
}

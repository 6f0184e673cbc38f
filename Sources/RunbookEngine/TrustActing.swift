import RunbookModel
import RunbookSupervisor
import RunbookText

// Trust between hosts: keys are read over the connections that were proven, never by ssh-keyscan.
extension UnitContext {
    /// The outputs that the first half of `trust` leaves for the second.
    static let publicKeyOutput = "public_key"
    static let hostKeysOutput = "host_keys"

    func trustKeysScript(_ trust: TrustAction) -> String {
        """
        home=$(getent passwd \(shellQuoted(trust.user)) | cut -d: -f6)
        umask 077
        mkdir -p "$home/.ssh"
        [ -s "$home/.ssh/id_rsa" ] || ssh-keygen -q -t rsa -b 2048 -N '' -f "$home/.ssh/id_rsa"
        [ -s "$home/.ssh/id_rsa.pub" ] || ssh-keygen -y -f "$home/.ssh/id_rsa" > "$home/.ssh/id_rsa.pub"
        """
    }

    /// The question that `trustKeys` asks of itself.
    static func trustKeysCheck(_ trust: TrustAction) -> Question {
        let script = """
            home=$(getent passwd \(shellQuoted(trust.user)) | cut -d: -f6)
            test -s "$home/.ssh/id_rsa" && test -s "$home/.ssh/id_rsa.pub"
            """
        return Question(.command(CommandQuestion(script: Script(Template(script)))))
    }

    static func trustOutputs(_ trust: TrustAction) -> [Output] {
        let key = "cat \"$(getent passwd \(shellQuoted(trust.user)) | cut -d: -f6)/.ssh/id_rsa.pub\""
        return [
            Output(name: publicKeyOutput, source: .command(Script(Template(key)))),
            // Only what the host really shows: the public halves of its host keys.
            Output(
                name: hostKeysOutput,
                source: .command(Script(Template("cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub")))),
        ]
    }

    func trustPaths(_ trust: TrustAction) throws(EngineProblem) -> [String] {
        let home = trust.user == "root" ? "/root" : "/home/\(trust.user)"
        return ["\(home)/.ssh/authorized_keys", "\(home)/.ssh/known_hosts"]
    }

    func trustText(_ trust: TrustAction) -> [String] {
        ["trust", trust.user, trust.keepsOperator ? "operator" : ""] + trust.peers.map(\.rawValue)
    }

    func acting(_ trust: TrustAction, _ files: [String: HostFile?]) throws(EngineProblem) -> Acting {
        let paths = try trustPaths(trust)
        // Also by lines of another make, as ssh-keyscan writes them.
        let known = knownPairs(
            in: (files[paths[1]] ?? nil).map { String(decoding: $0.bytes, as: UTF8.self) } ?? "")
        let lacking = try knownHosts(trust).filter { !knownPairs(in: $0).isSubset(of: known) }
        let changes = [
            FileChange(
                path: paths[0], old: files[paths[0]] ?? nil,
                new: adding(try authorizedKeys(trust), to: files[paths[0]] ?? nil, by: keyBody), mode: 0o600),
            FileChange(
                path: paths[1], old: files[paths[1]] ?? nil,
                new: adding(lacking, to: files[paths[1]] ?? nil) { $0 }, mode: 0o644),
        ]
        // Both files in one attempt; the content travels in the text, since stdin is one stream.
        var scripts: [String] = []
        for (number, change) in changes.enumerated() where change.isNeeded {
            let put = PutScript(change, backup: backupName(number + 1))
            let content = shellQuoted(String(decoding: change.new, as: UTF8.self))
            scripts.append("printf %s \(content) | (\nset -eu\n\(put.script)\n)")
        }
        return Acting(
            script: scripts.joined(separator: "\n"), acts: hash(trustText(trust)), changes: changes)
    }

    /// The lines of every peer's key, and of the operator's own.
    private func authorizedKeys(_ trust: TrustAction) throws(EngineProblem) -> [String] {
        var lines: [String] = []
        for peer in trust.peers where peer != unit.host {
            lines.append(try output(Self.publicKeyOutput, of: peer).trimmedEnd)
        }
        // On all of them: after a join of clusters one host's list may be the only one that is left.
        if trust.keepsOperator { lines += trust.peers.compactMap { operatorKeys[$0] } }
        return lines
    }

    /// A line per name, address and host key of every peer.
    private func knownHosts(_ trust: TrustAction) throws(EngineProblem) -> [String] {
        var lines: [String] = []
        for peer in trust.peers where peer != unit.host {
            let names = peerNames(peer)
            guard !names.isEmpty else {
                throw EngineProblem(
                    "the site file gives \(peer) neither a hostname nor an address as an input")
            }
            for key in try output(Self.hostKeysOutput, of: peer).split(separator: "\n") {
                lines.append("\(names.joined(separator: ",")) \(key)")
            }
        }
        return lines
    }

    /// What the other hosts call it: the inputs of a host that are names or addresses.
    private func peerNames(_ peer: HostID) -> [String] {
        let declared = plan.runbook.hosts.first { $0.id == peer }?.inputs ?? []
        return declared.filter { $0.type == .hostname || $0.type == .ipv4 }
            .compactMap { plan.site.hosts[peer]?.attributes[$0.name]?.text }
    }

    private func output(_ name: String, of host: HostID) throws(EngineProblem) -> String {
        let keys = StepID(unit.step.rawValue.replacing("/files", with: "/keys"))
        guard let value = outputs[Unit(keys, host)]?[name] else {
            throw EngineProblem("\(name) of \(host) was not read")
        }
        return value.text
    }

    /// Each name with each key that lines of known_hosts give it. What is hashed or marked counts for nothing.
    private func knownPairs(in text: String) -> Set<String> {
        var pairs: Set<String> = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix("@") {
            let words = line.split(separator: " ")
            guard words.count >= 3 else { continue }
            for name in words[0].split(separator: ",") { pairs.insert("\(name) \(words[1]) \(words[2])") }
        }
        return pairs
    }

    /// The file with the lines that it lacks at its end.
    private func adding(_ lines: [String], to file: HostFile?, by identity: (String) -> String) -> [UInt8] {
        let old = file.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
        var known = Set(old.split(separator: "\n").map { identity(String($0)) })
        guard !known.isSuperset(of: lines.map(identity)) else { return file?.bytes ?? [] }
        var new = old
        if !new.isEmpty, !new.hasSuffix("\n") { new += "\n" }
        // The same key may have opened several hosts.
        for line in lines where known.insert(identity(line)).inserted { new += line + "\n" }
        return [UInt8](new.utf8)
    }

    /// A key by its type and body; the comment may differ.
    private func keyBody(_ line: String) -> String {
        let words = line.split(separator: " ")
        guard let type = words.firstIndex(where: { $0.hasPrefix("ssh-") || $0.hasPrefix("ecdsa-") }) else {
            return line
        }
        return words[type...].prefix(2).joined(separator: " ")
    }
}

extension String {
    var trimmedEnd: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

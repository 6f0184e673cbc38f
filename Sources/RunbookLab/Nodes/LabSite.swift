import RunbookText

/// How this machine reaches the nodes of a running lab.
package struct LabSite: Sendable, Equatable {
    package struct Node: Sendable, Equatable {
        /// Host name of the node.
        package var name: String
        /// Address by which the other nodes reach it.
        package var address: String
        /// Port on 127.0.0.1 by which this machine reaches its SSH.
        package var port: UInt16
        /// `SHA256:…` of each of its host keys, ed25519 first.
        package var hostKeys: [String]

        package init(name: String, address: String, port: UInt16, hostKeys: [String]) {
            self.name = name
            self.address = address
            self.port = port
            self.hostKeys = hostKeys
        }
    }

    package var nodes: [Node]
    /// File of the operator's private key, which may log in as root everywhere.
    package var identity: String
    package var nasAddress: String

    package init(nodes: [Node], identity: String, nasAddress: String) {
        self.nodes = nodes
        self.identity = identity
        self.nasAddress = nasAddress
    }

    /// What the runbook calls a host, which node plays it, and what else the runbook asks about it.
    package struct Role: Sendable, Equatable {
        package var host: String
        package var node: String
        /// More lines of the host: `node`, `ip`; values are texts.
        package var attributes: [(name: String, value: String)]

        package init(host: String, node: String, attributes: [(name: String, value: String)]) {
            self.host = host
            self.node = node
            self.attributes = attributes
        }

        package static func == (left: Role, right: Role) -> Bool {
            left.host == right.host && left.node == right.node
                && left.attributes.elementsEqual(right.attributes, by: ==)
        }
    }

    /// The site file of a rehearsal.
    ///
    /// - Parameters:
    ///   - runbook: name of the runbook, as its `runbook:` line says.
    ///   - inputs: values as YAML scalars or flow collections, written as they are.
    ///   - roles: a role whose node the lab does not have is left out.
    ///   - clockFactor: how much faster than the clock the nodes live.
    package func yaml(
        runbook: String, inputs: [(name: String, yaml: String)], roles: [Role], clockFactor: Int = 1
    ) -> String {
        var lines = ["# Written by the lab: practice nodes on this machine.", "for: " + jsonQuoted(runbook)]
        lines.append("practice_clock: \(clockFactor)")
        if !inputs.isEmpty { lines.append("inputs:") }
        lines += inputs.map { "  \($0.name): \($0.yaml)" }
        lines.append("hosts:")
        for role in roles {
            guard let node = nodes.first(where: { $0.name == role.node }) else { continue }
            lines += [
                "  \(role.host):", "    address: 127.0.0.1", "    port: \(node.port)", "    user: root",
                "    identity: " + jsonQuoted(identity),
                "    host_key: [" + node.hostKeys.map(jsonQuoted).joined(separator: ", ") + "]",
            ]
            lines += role.attributes.map { "    \($0.name): " + jsonQuoted($0.value) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same as one line of JSON, for other programs.
    package var json: String {
        let nodes = nodes.map { node in
            let keys = node.hostKeys.map(jsonQuoted).joined(separator: ",")
            return "{\"name\":\(jsonQuoted(node.name)),\"address\":\(jsonQuoted(node.address)),"
                + "\"port\":\(node.port),\"host_keys\":[\(keys)]}"
        }
        return "{\"version\":1,\"identity\":\(jsonQuoted(identity)),\"nas\":\(jsonQuoted(nasAddress)),"
            + "\"nodes\":[\(nodes.joined(separator: ","))]}\n"
    }

    /// As words of a reply: `identity nas (name address port keyCount key…)…`.
    var fields: [String] {
        [identity, nasAddress]
            + nodes.flatMap { [$0.name, $0.address, "\($0.port)", "\($0.hostKeys.count)"] + $0.hostKeys }
    }

    init?(fields: [String]) {
        guard fields.count >= 2 else { return nil }
        identity = fields[0]
        nasAddress = fields[1]
        nodes = []
        var rest = fields.dropFirst(2)
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            guard let port = UInt16(head[2]), let count = Int(head[3]), (0...rest.count).contains(count)
            else {
                return nil
            }
            nodes.append(
                Node(name: head[0], address: head[1], port: port, hostKeys: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        if !rest.isEmpty { return nil }
    }
}

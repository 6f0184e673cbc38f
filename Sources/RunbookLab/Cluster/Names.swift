extension ClusterModel {
    /// The IPv4 address of a name as the node's resolver knows it: /etc/hosts, first line that has it.
    func resolve(_ node: String, _ name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ UInt8($0) != nil }) { return name }
        for line in (text(node, "/etc/hosts") ?? "").split(separator: "\n") {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard let address = words.first, !address.contains(":") else { continue }
            if words.dropFirst().contains(where: { $0 == name }) { return String(address) }
        }
        return nil
    }

    /// The node that a name or an address leads to, seen from `node`.
    func reached(from node: String, by name: String) -> String? {
        guard let address = resolve(node, name) else { return nil }
        return state.nodes.first { $0.address == address }?.name
    }

    /// The node's own name must lead to an address of the network: pvecm asks that before anything else.
    func checkOwnName(_ node: String) throws(CommandExit) {
        guard let address = resolve(node, node) else {
            throw CommandExit(255, "unable to get IP for node '\(node)' - node offline?")
        }
        guard !address.hasPrefix("127.") else {
            throw CommandExit(
                255, "hostname lookup failed - got local IP address (\(node) = \(address))")
        }
    }
}

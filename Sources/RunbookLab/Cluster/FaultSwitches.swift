/// The faults that a person turns on and off by name.
extension ClusterModel {
    /// Names, values and effects:
    /// `fail-once`: `NODE: COMMAND PREFIX => STATUS MESSAGE` (NODE `*` for any); the rest take a node's
    /// name, or on and off where the fault is not one node's.
    package static let faultNames = [
        "add_killed_at_quorum_wait", "authkey_mismatch", "config_version_not_bumped", "fail-once",
        "fence_join_commented", "guests_on_slave", "host_key_unknown", "hosts_loopback", "initiator_refused",
        "iscsi_refused", "link_down", "lun_has_data", "lun_too_small", "missing_rm", "multicast_blocked",
        "pmxcfs_mount_stale", "qdisk_label_missing", "rgmanager_running_at_cman_stop", "schema_error",
        "second_node_dead_when_joining_fence", "slave_sees_no_partition", "ssh_key_missing", "token_default",
    ]

    package func setFault(_ name: String, to value: String) async -> Bool {
        let isOn = Faults.on(value)
        guard Self.faultNames.contains(name) else { return false }
        let isKnown: Bool
        switch name {
        case "fail-once": isKnown = addFailOnce(value)
        case "multicast_blocked", "iscsi_refused", "lun_too_small", "lun_has_data", "token_default",
            "missing_rm", "fence_join_commented", "config_version_not_bumped", "schema_error",
            "second_node_dead_when_joining_fence":
            setCommonFault(name, isOn)
            isKnown = true
        default: isKnown = setNodeFault(name, value)
        }
        await refresh()
        return isKnown
    }

    private func addFailOnce(_ value: String) -> Bool {
        guard let colon = value.firstIndex(of: ":"), let arrow = value.range(of: "=>") else { return false }
        let node = String(value[..<colon]).trimmed
        let prefix = String(value[value.index(after: colon)..<arrow.lowerBound]).trimmed
        let outcome = String(value[arrow.upperBound...]).trimmed
        let status = outcome.prefix { $0.isNumber }
        guard let number = Int32(status), !prefix.isEmpty, node == "*" || state.has(node) else {
            return false
        }
        state.faults.failOnce.append(
            Faults.FailOnce(
                node: node == "*" ? nil : node, prefix: prefix, status: number,
                message: String(outcome.dropFirst(status.count)).trimmed))
        return true
    }

    private func setCommonFault(_ name: String, _ isOn: Bool) {
        switch name {
        case "multicast_blocked": state.network.dropsMulticast = isOn
        case "iscsi_refused":
            state.storage.isReachable = !isOn
            control.setPortal(port: UInt16(clamping: profile.nas.port), open: !isOn)
        case "lun_too_small": state.storage.nas.sizeInBytes = isOn ? 65_536 : profile.nas.sizeInBytes
        case "lun_has_data": state.storage.foreignContent[.whole] = isOn ? "ext4" : nil
        case "token_default": state.faults.ignoresToken = isOn
        case "missing_rm": state.faults.ignoresResourceManager = isOn
        case "fence_join_commented": state.faults.ignoresFenceJoin = isOn
        case "config_version_not_bumped": state.faults.keepsVersion = isOn
        case "schema_error": state.faults.inventsSchemaError = isOn
        default: state.faults.killsPeersAtFenceJoin = isOn
        }
    }

    /// The value is the node's name, `-NAME` takes the fault back; `off` takes it back everywhere.
    private func setNodeFault(_ name: String, _ value: String) -> Bool {
        let isOn = Faults.on(value) && !value.hasPrefix("-")
        let node = value.hasPrefix("-") ? String(value.dropFirst()) : value
        let nodes = Faults.on(value) ? [node] : state.nodes.map(\.name)
        guard nodes.allSatisfy(state.has) else { return false }
        for node in nodes {
            switch name {
            case "authkey_mismatch": state.faults.foreignKey.set(node, isOn)
            case "slave_sees_no_partition": state.faults.busyPartitionTable.set(node, isOn)
            case "qdisk_label_missing": state.faults.blindToLabel.set(node, isOn)
            case "initiator_refused": state.storage.refusedInitiators.set(node, isOn)
            case "rgmanager_running_at_cman_stop": state.faults.stubbornManager.set(node, isOn)
            case "add_killed_at_quorum_wait": state.faults.killsJoin.set(node, isOn)
            case "link_down":
                state.network.unplugged.set(node, isOn)
                control.setLink(node, up: !isOn)
            case "pmxcfs_mount_stale":
                state.faults.staleMount.set(node, isOn)
                if isOn { stopPmxcfsAtOnce(node) }
            default: changeFiles(name, node, isOn)
            }
        }
        return true
    }

    /// Faults that are a state of the node's files, so that the real tools meet them too.
    private func changeFiles(_ name: String, _ node: String, _ isOn: Bool) {
        switch name {
        case "hosts_loopback":
            let address = state[node].address
            let (from, to) = isOn ? (address, "127.0.1.1") : ("127.0.1.1", address)
            let lines = (text(node, "/etc/hosts") ?? "").split(
                separator: "\n", omittingEmptySubsequences: false)
            let changed = lines.map { $0.hasPrefix(from + " ") ? to + $0.dropFirst(from.count) : String($0) }
            try? control.write(node, "/etc/hosts", text: changed.joined(separator: "\n"))
        case "ssh_key_missing" where isOn:
            for file in ["id_rsa", "id_rsa.pub"] { try? control.remove(node, "/root/.ssh/\(file)") }
        case "host_key_unknown" where isOn:
            for file in ["/root/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"] {
                try? control.remove(node, file)
            }
        case "guests_on_slave" where isOn:
            installGuest(101, name: "left-over", on: node, isRunning: false)
        case "guests_on_slave":
            try? control.remove(node, "\(treePath(node))/nodes/\(node)/qemu-server/101.conf")
        default: break
        }
    }
}

extension Set {
    fileprivate mutating func set(_ member: Element, _ isIn: Bool) {
        if isIn { insert(member) } else { remove(member) }
    }
}

extension String {
    var trimmed: String {
        let blanks = { (character: Character) in character.isWhitespace }
        guard let start = firstIndex(where: { !blanks($0) }), let end = lastIndex(where: { !blanks($0) })
        else {
            return ""
        }
        return String(self[start...end])
    }
}

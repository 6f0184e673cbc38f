/// iscsiadm of open-iscsi 2.0.873 (usr/iscsiadm.c, usr/iscsi_err.c) and its init script.
extension ClusterModel {
    private struct IscsiCall {
        var mode = ""
        var type = ""
        var target: String?
        var portal: String?
        var operation: String?
        var name: String?
        var value: String?
        var logsIn = false
        var logsOut = false
        var rescans = false
        var all: String?

        /// Nil for an option that the lab does not know.
        init?(_ arguments: [String]) {
            var rest = arguments[...]
            while let word = rest.popFirst() {
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                let isLong = word.hasPrefix("--") && parts.count == 2
                let key = isLong ? parts[0] : word
                let take = { () -> String? in isLong ? parts[1] : rest.popFirst() }
                switch key {
                case "-m", "--mode": mode = take() ?? ""
                case "-t", "--type": type = take() ?? ""
                case "-T", "--targetname": target = take()
                case "-p", "--portal": portal = take()
                case "-o", "--op": operation = take()
                case "-n", "--name": name = take()
                case "-v", "--value": value = take()
                case "-l", "--login": logsIn = true
                case "-u", "--logout": logsOut = true
                case "-R", "--rescan": rescans = true
                case "-L", "--loginall": (logsIn, all) = (true, take())
                case "-U", "--logoutall": (logsOut, all) = (true, take())
                case "-D", "--discover": continue
                default: return nil
                }
            }
        }

        func matches(iqn: String, address: String, port: Int) -> Bool {
            guard target == nil || target == iqn else { return false }
            guard let portal else { return true }
            let plain = portal.split(separator: ",").first.map(String.init) ?? portal
            return plain == address || plain == "\(address):\(port)"
        }
    }

    func iscsiadm(_ caller: Caller) async throws -> Int32 {
        guard let call = IscsiCall(caller.arguments) else { throw NotModelled() }
        switch call.mode {
        case "discovery", "discoverydb":
            guard ["st", "sendtargets"].contains(call.type), call.portal != nil else { throw NotModelled() }
            return try await discover(call, caller)
        case "node":
            if call.logsIn { return try await logIn(call, caller) }
            if call.logsOut { return try await logOut(call, caller) }
            return try await editRecords(call, caller)
        case "session":
            if call.logsOut { return try await logOut(call, caller) }
            return try await sessions(call, caller)
        default: throw NotModelled()
        }
    }

    private func discover(_ call: IscsiCall, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let words = (call.portal ?? "").split(separator: ":")
        let address = words.first.map(String.init) ?? ""
        let port = words.count > 1 ? Int(words[1]) ?? 3260 : 3260
        let nas = state.storage.nas
        guard address == nas.address, port == nas.port, state.storage.isReachable,
            !state.network.unplugged.contains(node)
        else {
            let isRefused = address == nas.address && !state.network.unplugged.contains(node)
            for _ in 0..<6 {
                await caller.error(
                    "iscsiadm: cannot make connection to \(address): "
                        + (isRefused ? "Connection refused" : "No route to host"))
                try await wait(.seconds(1))
            }
            await caller.error("iscsiadm: connection login retries (reopen_max) 5 exceeded")
            throw CommandExit(
                4, "iscsiadm: Could not perform SendTargets discovery: encountered connection failure")
        }
        try await wait(.seconds(1))
        guard !state.storage.refusedInitiators.contains(node) else {
            throw CommandExit(21, "iscsiadm: No portals found")
        }
        // Discovery writes the record anew with the defaults of iscsid.conf, whatever was set before.
        let startup = defaultStartup(node)
        try save(IscsiRecord.stock(nas.iqn, nas.address, nas.port, startup: startup), on: node)
        let folder = "/etc/iscsi/send_targets/\(nas.address),\(nas.port)"
        try control.makeDirectory(node, folder, mode: 0o700)
        try control.write(
            node, folder + "/st_config",
            text: "# BEGIN RECORD 2.0-873\ndiscovery.startup = manual\ndiscovery.type = sendtargets\n"
                + "discovery.sendtargets.address = \(nas.address)\ndiscovery.sendtargets.port = \(nas.port)\n"
                + "# END RECORD\n")
        effect("iscsi discovery", caller)
        await caller.line("\(nas.address):\(nas.port),1 \(nas.iqn)")
        return 0
    }

    private func defaultStartup(_ node: String) -> String {
        let lines = (text(node, "/etc/iscsi/iscsid.conf") ?? "").split(separator: "\n")
        let line = lines.last { $0.hasPrefix("node.startup") }
        return line?.split(separator: "=").last.map { $0.filter { !$0.isWhitespace } } ?? "manual"
    }

    private func matching(_ call: IscsiCall, _ node: String) throws(CommandExit) -> [IscsiRecord] {
        let found = records(node).filter {
            call.matches(iqn: $0.iqn, address: $0.address, port: $0.port)
                && (call.all == nil || call.all == "all" || call.all == $0.startup)
        }
        guard !found.isEmpty else { throw CommandExit(21, "iscsiadm: No records found") }
        return found
    }

    private func logIn(_ call: IscsiCall, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let found = try matching(call, node)
        guard state[node].iscsi.isDaemonRunning else {
            throw CommandExit(20, "iscsiadm: can not connect to iSCSI daemon (111)!")
        }
        var failure: Int32 = 0
        for record in found where !hasSession(node, record) {
            await caller.line("Logging in to \(record.description) (multiple)")
            try await wait(.seconds(1))
            failure = logIn(caller, record)
            if failure == 0 {
                await caller.line("Login to \(record.description) successful.")
            } else {
                await caller.error("iscsiadm: Could not login to \(record.description).")
                await caller.error(
                    "iscsiadm: initiator reported error (\(failure) - \(Self.iscsiError(failure)))")
            }
        }
        guard failure == 0 else { throw CommandExit(failure, "iscsiadm: Could not log into all portals") }
        return 0
    }

    private func hasSession(_ node: String, _ record: IscsiRecord) -> Bool {
        state[node].iscsi.sessions.contains { $0.iqn == record.iqn && $0.address == record.address }
    }

    static func iscsiError(_ number: Int32) -> String {
        switch number {
        case 8: "connection timed out"
        case 19: "encountered non-retryable iSCSI login failure"
        case 24: "iSCSI login failed due to authorization failure"
        default: "unknown error"
        }
    }

    private func logOut(_ call: IscsiCall, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let found = state[node].iscsi.sessions.filter {
            call.matches(iqn: $0.iqn, address: $0.address, port: $0.port)
        }
        guard !found.isEmpty else { throw CommandExit(21, "iscsiadm: No matching sessions found") }
        for session in found {
            let text =
                "[sid: \(session.sid), target: \(session.iqn), portal: \(session.address),\(session.port)]"
            await caller.line("Logging out of session \(text)")
            try await wait(.seconds(1))
            logOut(node, session)
            await caller.line("Logout of \(text) successful.")
        }
        return 0
    }

    private func editRecords(_ call: IscsiCall, _ caller: Caller) async throws -> Int32 {
        let node = caller.node
        let found = try matching(call, node)
        switch call.operation ?? "show" {
        case "show":
            if call.target == nil, call.portal == nil {
                for record in found { await caller.line("\(record.address):\(record.port),1 \(record.iqn)") }
            } else {
                for record in found { await caller.out(record.text) }
            }
        case "update":
            guard let name = call.name, let value = call.value else {
                throw CommandExit(7, "iscsiadm: Invalid parameters. Both value and name required")
            }
            for var record in found {
                guard record.set(name, value) else {
                    throw CommandExit(7, "iscsiadm: Cannot modify \(name). Invalid param name.")
                }
                try save(record, on: node)
            }
            effect("iscsi update", caller)
        case "delete":
            for record in found {
                guard !hasSession(node, record) else {
                    throw CommandExit(
                        15,
                        "iscsiadm: This command will remove the record \(record.description), but a session"
                            + " is using it. Logout session then rerun command to remove record.")
                }
                try control.remove(node, "/etc/iscsi/nodes/\(record.iqn)")
            }
            effect("iscsi delete", caller)
        default: throw NotModelled()
        }
        return 0
    }

    private func sessions(_ call: IscsiCall, _ caller: Caller) async throws -> Int32 {
        guard call.operation == nil || call.operation == "show" else { throw NotModelled() }
        let sessions = state[caller.node].iscsi.sessions
        guard !sessions.isEmpty else {
            throw CommandExit(
                21, call.rescans ? "iscsiadm: No session found." : "iscsiadm: No active sessions.")
        }
        for session in sessions {
            if call.rescans {
                // A rescan asks for the size of the LUN, not for its partition table.
                await caller.line(
                    "Rescanning session [sid: \(session.sid), target: \(session.iqn), portal: "
                        + "\(session.address),\(session.port)]")
            } else {
                await caller.line("tcp: [\(session.sid)] \(session.address):\(session.port),1 \(session.iqn)")
            }
        }
        return 0
    }

    // MARK: init script

    func openISCSIScript(_ action: String, _ caller: Caller) async throws -> Int32 {
        switch action {
        case "start":
            await caller.line("Starting iSCSI initiator service: iscsid.")
            await startInitiator(caller)
        case "stop":
            await caller.line("Disconnecting iSCSI targets:.")
            stopInitiator(caller.node)
            await caller.line("Stopping iSCSI initiator service:.")
        case "restart", "force-reload":
            await caller.line("Disconnecting iSCSI targets:.")
            stopInitiator(caller.node)
            await caller.line("Stopping iSCSI initiator service:.")
            try await wait(.seconds(1))
            await caller.line("Starting iSCSI initiator service: iscsid.")
            await startInitiator(caller)
        case "status":
            let isRunning = state[caller.node].iscsi.isDaemonRunning
            await caller.line(
                "Checking for iSCSI daemon: \(isRunning ? "iscsid is running" : "iscsid is not running").")
            return isRunning ? 0 : 3
        default: throw NotModelled()
        }
        return 0
    }

    /// Starts iscsid and logs in where node.startup is automatic.
    private func startInitiator(_ caller: Caller) async {
        state[caller.node].iscsi.isDaemonRunning = true
        await caller.line("Setting up iSCSI targets:")
        for record in records(caller.node)
        where record.startup == "automatic" && !hasSession(caller.node, record) {
            await caller.line("Logging in to \(record.description) (multiple)")
            if logIn(caller, record) == 0 {
                await caller.line("Login to \(record.description) successful.")
            } else {
                await caller.error("iscsiadm: Could not login to \(record.description).")
            }
        }
        await caller.line(".")
    }

    private func stopInitiator(_ node: String) {
        for session in state[node].iscsi.sessions { logOut(node, session) }
        state[node].iscsi.isDaemonRunning = false
    }
}

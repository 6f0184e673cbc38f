/// pveproxy: the parent holds port 8006 and accepts; its worker needs the certificate when it starts, dies
/// without it, and is started again about every five seconds.
extension ClusterModel {
    static let webPort: UInt16 = 8006

    /// A worker starts: with certificate and key it answers TLS, else it is gone at once.
    func startWorker(_ node: String) {
        guard var proxy = state[node].proxy else { return }
        proxy.workerStartedAt = now
        let files = ["/etc/pve/local/pve-ssl.key", "/etc/pve/local/pve-ssl.pem"]
        proxy.servesTLS = files.allSatisfy { !((try? control.read(node, $0)) ?? []).isEmpty }
        if !proxy.servesTLS {
            let pid = state[node].makePID()
            log(
                node, "syslog",
                "pveproxy[\(pid)]: /etc/pve/local/pve-ssl.key: failed to load local private key (key_file or "
                    + "key) at /usr/share/perl5/PVE/HTTPServer.pm line 1634.")
        }
        state[node].proxy = proxy
    }

    /// The worker's connections end with /etc/pve; the next worker reads the files again.
    func loseWorker(_ node: String) async {
        guard state[node].proxy != nil else { return }
        state[node].proxy?.servesTLS = false
        state[node].proxy?.workerStartedAt = now
        await stopWeb(node)
    }

    /// Ends what listens on the node's port.
    func stopWeb(_ node: String) async {
        if let server = webServers.removeValue(forKey: node) { await server.end() }
        if deadPorts.remove(node) != nil { try? control.setDeadPort(node, port: Self.webPort, open: false) }
    }

    /// Makes port 8006 of each node what the state says.
    func settleWeb() async {
        for node in state.nodes where node.isUp {
            guard let proxy = node.proxy else { continue }
            if !proxy.servesTLS, now - proxy.workerStartedAt >= LabDelay.proxyWorker {
                startWorker(node.name)
            }
            if state[node.name].proxy?.servesTLS == true {
                await serve(node.name)
            } else if !deadPorts.contains(node.name), webServers[node.name] == nil {
                if (try? control.setDeadPort(node.name, port: Self.webPort, open: true)) != nil {
                    deadPorts.insert(node.name)
                }
            }
        }
    }

    private func serve(_ node: String) async {
        if let server = webServers[node], server.isRunning { return }
        if deadPorts.remove(node) != nil { try? control.setDeadPort(node, port: Self.webPort, open: false) }
        webServers[node] = try? control.start(
            node,
            [
                "openssl", "s_server", "-accept", String(Self.webPort), "-www", "-quiet", "-cert",
                "/etc/pve/local/pve-ssl.pem", "-key", "/etc/pve/local/pve-ssl.key",
            ], log: "/var/log/pveproxy.log")
    }
}

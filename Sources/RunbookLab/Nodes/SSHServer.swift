import CRunbookLab
import Glibc
import RunbookText

/// Takes SSH connections for one boot of a node, from the other nodes and from the machine.
final class SSHServer: Sendable {
    let node: Node
    let model: any NodeModel
    let identity: SSHIdentity

    init(node: Node, model: any NodeModel, identity: SSHIdentity) {
        self.node = node
        self.model = model
        self.identity = identity
    }

    /// Begins to take connections; ends by itself when the node dies.
    ///
    /// - Parameter inside: listens on port 22 of the node's own network.
    func listen(inside: Descriptor) {
        // A copy to shut down at the node's death; the socket itself stays bound for the next boot.
        let outside = Descriptor(fcntl(node.outside.number, F_DUPFD_CLOEXEC, 3))
        Glibc.listen(outside.number, 64)
        for listener in [inside, outside] {
            guard let kept = node.keep(listener) else { return }
            startThread { [self] in
                while let connection = acceptConnection(listener) { serve(connection) }
                node.forget(kept)
            }
        }
    }

    private func serve(_ socket: Descriptor) {
        runbook_lab_no_delay(socket.number)
        guard let kept = node.keep(socket, isLogin: true) else { return }
        startThread { [self] in
            if let connection = SSHConnection(server: self, socket: socket) { connection.run() }
            node.forget(kept)
        }
    }

    /// Whether a public key may log in as root: asked of the node's own file, each time.
    ///
    /// - Parameter key: the key's base64 text, as it stands in authorized_keys.
    func authorizes(_ key: String) -> Bool {
        guard let link = node.link,
            let file = try? link.open("/root/.ssh/authorized_keys", O_RDONLY)
        else { return false }
        let text = String(decoding: file.readAll(), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).contains { line in
            !line.hasPrefix("#") && line.split(separator: " ").contains { $0 == key }
        }
    }
}

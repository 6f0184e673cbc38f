/// The SSH keys of a lab: the operator's, and each node's host keys and root key.
struct NodeKeys {
    let folder: LabFolder

    /// Makes all that are missing, at the same time (an RSA key takes a quarter of a second), and lets the
    /// operator into every node.
    func make(for nodes: [String]) throws(LabFailure) {
        var wanted = [(path: folder.operatorKey, type: "ed25519", comment: "operator@lab")]
        for node in nodes {
            let root = folder.node(node)
            wanted.append((root + "/etc/ssh/ssh_host_rsa_key", "rsa", "root@" + node))
            wanted.append((root + "/etc/ssh/ssh_host_ed25519_key", "ed25519", "root@" + node))
            wanted.append((root + "/root/.ssh/id_rsa", "rsa", "root@" + node))
        }
        let makers = wanted.filter { !HostFiles.exists($0.path) }.map { key in
            let result = Signal<(status: Int32, output: String)>()
            startThread {
                let bits = key.type == "rsa" ? ["-b", "2048"] : []
                result.set(
                    Programs.shared.run(
                        ["ssh-keygen", "-q", "-t", key.type] + bits
                            + ["-N", "", "-C", key.comment, "-f", key.path]))
            }
            return result
        }
        for maker in makers {
            guard let result = maker.wait(), result.status == 0 else {
                throw LabFailure(.cannotStart, "ssh-keygen: \(maker.wait()?.output ?? "")")
            }
        }
        guard let key = HostFiles.read(folder.operatorKey + ".pub") else {
            throw LabFailure(.cannotStart, "\(folder.operatorKey).pub cannot be read")
        }
        for node in nodes {
            let file = folder.node(node) + "/root/.ssh/authorized_keys"
            do throws(HostFiles.Failure) { try HostFiles.write(file, key, mode: 0o600) } catch {
                throw LabFailure(.cannotStart, error.message)
            }
        }
    }

    /// `SHA256:…` of a node's host key, as ssh shows it; only before the node runs for the first time.
    func fingerprint(_ node: String, type: String) -> String? {
        let path = folder.node(node) + "/etc/ssh/ssh_host_\(type)_key.pub"
        let result = Programs.shared.run(["ssh-keygen", "-l", "-E", "sha256", "-f", path])
        let words = result.output.split(separator: " ")
        return result.status == 0 && words.count > 1 ? String(words[1]) : nil
    }
}

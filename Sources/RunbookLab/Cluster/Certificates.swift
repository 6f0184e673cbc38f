/// Root's keys and the certificates of the web UI, made by the node's real openssl and ssh-keygen
/// (PVE/Cluster.pm, setup_rootsshconfig to gen_pve_ssl_cert).
extension ClusterModel {
    /// `pvecm updatecerts`. Without quorum it refuses, or does nothing when it is asked to be silent.
    func updateCertificates(_ node: String, isSilent: Bool, isForced: Bool = false) async throws {
        guard state[node].isWritable else {
            guard !isSilent else { return }
            throw CommandExit(255, "no quorum - unable to update files")
        }
        await setUpRootKeys(node)
        try await makeCertificates(node, isForced: isForced)
        await mergeAuthorizedKeys(node)
        mergeKnownHosts(node)
    }

    /// Makes what is missing of the node's folders, the cluster's CA and the node's certificate.
    func makeCertificates(_ node: String, isForced: Bool = false) async throws {
        let tree = treePath(node)
        for folder in ["priv", "nodes/\(node)/qemu-server", "nodes/\(node)/openvz", "nodes/\(node)/priv"] {
            try control.makeDirectory(node, "\(tree)/\(folder)", mode: 0o755)
        }
        linkVirtualFiles(node, tree: tree)
        if !control.exists(node, "\(tree)/pve-root-ca.pem") { try await makeAuthority(node, tree) }
        let own = "\(tree)/nodes/\(node)"
        let isThere =
            control.exists(node, "\(own)/pve-ssl.pem") && control.exists(node, "\(own)/pve-ssl.key")
        guard !isThere || isForced else { return }
        let files = try await openssl(
            node,
            """
            [ -s key ] || openssl genrsa -out key 2048
            openssl req -batch -new -key key -subj '/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=\(node).\(profile.domain)' -out csr
            printf 'basicConstraints=CA:FALSE\\nsubjectAltName=IP:127.0.0.1,DNS:localhost,IP:\(state[node].address),DNS:\(node),DNS:\(node).\(profile.domain)\\n' > ext
            openssl x509 -req -in csr -days 3650 -CA ca.pem -CAkey ca.key -set_serial "$SERIAL" -extfile ext -out cert
            """, give: ["ca.pem": "\(tree)/pve-root-ca.pem", "ca.key": "\(tree)/priv/pve-root-ca.key"],
            take: ["key", "cert"])
        try control.write(node, "\(own)/pve-ssl.key", files[0], mode: 0o640)
        try control.write(node, "\(own)/pve-ssl.pem", files[1], mode: 0o640)
        effect("certificate", on: node, command: "openssl")
    }

    /// The cluster's authority. Its own key is an elliptic one, for the sake of a quick start.
    private func makeAuthority(_ node: String, _ tree: String) async throws {
        let files = try await openssl(
            node,
            """
            openssl ecparam -name prime256v1 -genkey -noout -out key
            openssl req -batch -days 3650 -new -x509 -nodes -key key -out cert -subj '/CN=Proxmox Virtual Environment/OU=\(clock.unixTime)/O=PVE Cluster Manager CA'
            openssl genrsa -out auth.key 1024
            openssl rsa -in auth.key -pubout -out auth.pub
            """, give: [:], take: ["key", "cert", "auth.key", "auth.pub"])
        try control.write(node, "\(tree)/priv/pve-root-ca.key", files[0], mode: 0o600)
        try control.write(node, "\(tree)/pve-root-ca.pem", files[1], mode: 0o640)
        try control.write(node, "\(tree)/priv/pve-root-ca.srl", Array("01\n".utf8), mode: 0o600)
        try control.write(node, "\(tree)/priv/authkey.key", files[2], mode: 0o600)
        try control.write(node, "\(tree)/authkey.pub", files[3], mode: 0o640)
        try control.write(node, "\(tree)/pve-www.key", files[2], mode: 0o640)
        for other in profile.nodes where treePath(other.name) == tree && other.name != node {
            // A new authority makes every certificate stale.
            try? control.remove(node, "\(tree)/nodes/\(other.name)/pve-ssl.pem")
        }
    }

    /// Runs a script in a folder of its own and reads the files that it leaves.
    private func openssl(
        _ node: String, _ script: String, give: [String: String], take: [String]
    ) async throws -> [[UInt8]] {
        let folder = "/tmp/.pve-ssl-\(clock.unixTime)-\(state[node].makePID())"
        try control.makeDirectory(node, folder, mode: 0o700)
        for (name, path) in give {
            try control.write(node, "\(folder)/\(name)", try control.read(node, path), mode: 0o600)
        }
        let serial = String(clock.unixTime * 1000 + state[node].makePID() % 1000)
        let result = await control.run(
            node, ["sh", "-ec", "cd \(folder)\nSERIAL=\(serial)\nexec >log 2>&1\n" + script])
        guard result.status == 0 else {
            let log = text(node, "\(folder)/log") ?? ""
            try? control.remove(node, folder)
            throw CommandExit(255, "unable to generate pve ssl certificate: command failed\n\(log)")
        }
        let files = try take.map { name throws in try control.read(node, "\(folder)/\(name)") }
        try control.remove(node, folder)
        return files
    }

    // MARK: ssh

    /// root's key, root's ssh configuration, and authorized_keys as a link into /etc/pve.
    func setUpRootKeys(_ node: String) async {
        try? control.makeDirectory(node, "/root/.ssh", mode: 0o700)
        if !control.exists(node, "/root/.ssh/id_rsa.pub") {
            try? control.remove(node, "/root/.ssh/id_rsa")
            _ = await control.run(
                node,
                [
                    "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "root@\(node)", "-f",
                    "/root/.ssh/id_rsa",
                ])
        }
        await mergeAuthorizedKeys(node)
    }

    /// Puts the node's own key, and those of a plain authorized_keys, into the tree; each line once.
    func mergeAuthorizedKeys(_ node: String) async {
        let target = treePath(node) + "/priv/authorized_keys"
        let file = "/root/.ssh/authorized_keys"
        guard state[node].isWritable else { return }
        var lines = (text(node, target) ?? "").split(separator: "\n").map(String.init)
        if control.status(node, file)?.kind == .file {
            let old = text(node, file) ?? ""
            lines += old.split(separator: "\n").map(String.init)
            try? control.write(node, file + ".org", Array(old.utf8), mode: 0o600)
        }
        lines += (text(node, "/root/.ssh/id_rsa.pub") ?? "").split(separator: "\n").map(String.init)
        var seen: Set<String> = []
        let merged = lines.filter { seen.insert($0).inserted }.joined(separator: "\n") + "\n"
        if merged != text(node, target) {
            try? control.makeDirectory(node, treePath(node) + "/priv", mode: 0o755)
            guard (try? control.write(node, target, Array(merged.utf8), mode: 0o600)) != nil else { return }
        }
        if (try? control.readLink(node, file)) != "/etc/pve/priv/authorized_keys" {
            try? control.symlink(node, file, to: "/etc/pve/priv/authorized_keys")
        }
    }

    /// The node's host keys by name and address go to the cluster's known_hosts, which every member uses.
    func mergeKnownHosts(_ node: String) {
        let target = treePath(node) + "/priv/known_hosts"
        var lines = (text(node, target) ?? "").split(separator: "\n").map(String.init)
        let keys = ((try? control.list(node, "/etc/ssh")) ?? [])
            .filter { $0.hasPrefix("ssh_host_") && $0.hasSuffix("_key.pub") }
        for key in keys {
            let words = (text(node, "/etc/ssh/\(key)") ?? "").split(separator: " ")
            guard words.count >= 2 else { continue }
            for name in [node, state[node].address] {
                let line = "\(name) \(words[0]) \(words[1].prefix { !$0.isNewline })"
                if !lines.contains(line) { lines.append(line) }
            }
        }
        let text = lines.map { $0 + "\n" }.joined()
        try? control.write(node, target, Array(text.utf8), mode: 0o600)
        try? control.symlink(node, "/etc/ssh/ssh_known_hosts", to: "/etc/pve/priv/known_hosts")
    }
}

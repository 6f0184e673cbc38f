package import RunbookModel
import RunbookText

extension SSHConfig {
    /// The person who looks into the configuration.
    package struct Reader: Sendable {
        package var home: String
        package var userName: String
        package init(home: String, userName: String) {
            self.home = home
            self.userName = userName
        }
    }

    /// A host with what the configuration says of it, where the site file says nothing itself.
    ///
    /// Hosts to go through are looked up as well, as ssh does it: the first one may have further ones before it.
    ///
    /// - Returns: the host, and what was taken and passed over.
    package func filled(
        _ host: SiteHost, for reader: Reader
    ) throws(Problem) -> (host: SiteHost, values: Values) {
        let values = try values(for: host.address)
        var filled = host
        try fill(&filled, from: values, reader)
        if host.leftToSSHConfig.contains(.jump) {
            filled.jumps = try jumps(values.proxyJump, reader, depth: 0)
        }
        return (filled, values)
    }

    private func fill(_ host: inout SiteHost, from values: Values, _ reader: Reader) throws(Problem) {
        let name = host.address
        if let hostName = values.hostName { host.address = hostName }
        if host.leftToSSHConfig.contains(.user), let user = values.user { host.user = user }
        if host.leftToSSHConfig.contains(.port), let port = values.port { host.port = port }
        for (what, text) in [("HostName", host.address), ("User", host.user)] where !SSHAddress.isPlain(text)
        {
            throw Problem("`\(what) \(visible(text))` has characters that no such name has")
        }
        guard host.leftToSSHConfig.contains(.identity) else { return }
        host.identities.isExclusive = values.identitiesOnly ?? false
        let tokens: [Character: String] = [
            "d": reader.home, "h": host.address, "n": name, "p": "\(host.port)", "r": host.user,
            "u": reader.userName,
        ]
        host.identities.files = values.identityFiles.isEmpty ? nil : []
        for path in values.identityFiles where path.lowercased() != "none" {
            do throws(SSHTokens.Unknown) {
                host.identities.files?.append(try SSHTokens.expand(path, tokens))
            } catch {
                throw Problem("`%\(error.token)` in `IdentityFile \(visible(path))` is not supported")
            }
        }
    }

    private static let depthMax = 8

    private func jumps(_ text: String?, _ reader: Reader, depth: Int) throws(Problem) -> [SiteHost] {
        guard let text, text != "none" else { return [] }
        guard depth < Self.depthMax else { throw Problem("`ProxyJump \(visible(text))` leads in a circle") }
        var hosts: [SiteHost] = []
        for (index, part) in text.split(separator: ",").enumerated() {
            guard let jump = JumpText(String(part)), !part.hasPrefix("ssh://") else {
                throw Problem("`ProxyJump \(visible(String(part)))` is no host to go through")
            }
            var host = SiteHost(address: jump.address)
            host.user = jump.user ?? reader.userName
            host.port = jump.port ?? 22
            host.leftToSSHConfig = [.identity]
            if jump.user == nil { host.leftToSSHConfig.insert(.user) }
            if jump.port == nil { host.leftToSSHConfig.insert(.port) }
            let values = try values(for: jump.address)
            try fill(&host, from: values, reader)
            host.leftToSSHConfig = []
            // ssh gives the later ones the hosts before them and so overrides what the file says of their way.
            if index == 0 { hosts += try jumps(values.proxyJump, reader, depth: depth + 1) }
            hosts.append(host)
        }
        return hosts
    }
}

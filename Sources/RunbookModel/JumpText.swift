/// A host to go through as people write it: `USER@ADDRESS:PORT`, where user and port may be left out and an
/// IPv6 address stands in brackets when a port follows (ssh_config(5), ProxyJump).
package struct JumpText: Sendable, Equatable {
    package var user: String?
    package var address: String
    package var port: UInt16?

    /// Nil when it has not this form. What the parts may consist of is for the caller to judge.
    package init?(_ text: String) {
        var rest = text[...]
        // A user name may hold an @, an address may not.
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        var digits: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            address = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            if !after.isEmpty { digits = after.dropFirst() }
        } else if let colon = rest.firstIndex(of: ":"), rest.lastIndex(of: ":") == colon {
            address = String(rest[..<colon])
            digits = rest[rest.index(after: colon)...]
        } else {
            address = String(rest)
        }
        if let digits {
            guard let number = UInt16(digits), number > 0, digits.first != "+" else { return nil }
            port = number
        }
        guard !address.isEmpty, user?.isEmpty != true else { return nil }
    }

    /// The host that is meant: who logs in and with which key is as at the host behind it.
    package func host(behind target: SiteHost) -> SiteHost {
        var host = SiteHost(address: address)
        host.user = user ?? target.user
        host.port = port ?? 22
        host.identity = target.identity
        return host
    }
}

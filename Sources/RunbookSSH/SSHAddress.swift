import Glibc
import RunbookModel
import RunbookTransport

/// Where a host is and as whom: checked, so that no part of it can be taken for something else.
struct SSHAddress: Sendable, Equatable {
    var host: HostID
    /// A name or an IP address.
    var name: String
    var port: UInt16
    var user: String

    /// Checks the address and the user of a site file.
    init(host: HostID, target: SiteHost) throws(TransportError) {
        for (what, text) in [("address", target.address), ("user", target.user)] where !Self.isPlain(text) {
            throw TransportError(
                .unreachable, host: host,
                "the \(what) of \(host) has characters that no \(what) has, or begins with a hyphen",
                remedy: "use letters, digits and ._:%- in the \(what) of \(host) in the site file")
        }
        self.host = host
        // A full name may end in a dot for the resolver; for known_hosts it is the same host.
        let name = target.address.lowercased()
        self.name = name.hasSuffix(".") && name.count > 1 ? String(name.dropLast()) : name
        port = target.port
        user = target.user
    }

    /// `^[A-Za-z0-9._:%-]+$` and no leading hyphen: such a text is neither an option nor shell syntax.
    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: Array("._:%-".utf8).contains(byte)
                }
            }
    }

    /// The name in known_hosts: bare for port 22, else `[name]:port` (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
    var knownHostsName: String { port == 22 ? name : "[\(name)]:\(port)" }

    /// For people: `192.0.2.1` or `192.0.2.1 port 2222`.
    var description: String { port == 22 ? name : "\(name) port \(port)" }
}

/// Which lens reads which file.
package enum EditLens {
    static let xml = "Xml.lns"

    /// The lens for a file by its path; nil when none is known and the edit must name one.
    package static func forFile(_ path: String) -> String? {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if name == "cluster.conf" || name.hasPrefix("cluster.conf.") || name.hasSuffix(".xml") { return xml }
        if path == "/etc/hosts" { return "Hosts.lns" }
        if path.hasPrefix("/etc/default/") || path.hasPrefix("/etc/sysconfig/") { return "Shellvars.lns" }
        if name == "sshd_config" { return "Sshd.lns" }
        return nil
    }

    /// The lens that a runbook means: `hosts` and `Hosts` are `Hosts.lns`, `Hosts.lns` is itself.
    ///
    /// Augeas keeps a lens in a module whose name begins with a capital and calls it `lns` by custom.
    package static func named(_ name: String) throws(EditProblem) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let module = parts.first, !module.isEmpty, parts.count <= 2, parts.allSatisfy(isWord) else {
            throw EditProblem(
                .unknownLens, "`\(name)` is not the name of a lens: `hosts`, `xml`, `Shellvars.lns`")
        }
        return module.prefix(1).uppercased() + module.dropFirst() + "."
            + (parts.count == 2 ? parts[1] : "lns")
    }

    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
            }
    }
}

package import RunbookDiagnostics
package import RunbookModel
import RunbookText
import RunbookYAML

/// Reads groups whose members are left to the site file: a runbook for any number of nodes.
extension RunbookLoader {
    /// How many hosts the site file may name; nil where the runbook names them.
    func readLimits(_ fields: Fields) -> ClosedRange<Int>? {
        let ofOpenGroups = fields.given(among: ["min", "max", "title", "user"])
        if fields.isGiven("members") {
            for key in ofOpenGroups {
                problems.add(
                    .error(
                        "key-not-here", "`\(key)` goes with a group whose members the site file names",
                        at: fields.span(ofKey: key)
                    )
                    .hint("remove `members`, or `\(key)`"))
            }
            return nil
        }
        guard fields.isGiven("min") || fields.isGiven("max") else {
            // A misspelt key is reported as that.
            guard fields.meantKeys.isEmpty else { return nil }
            problems.add(
                .error("missing-key", "a group needs `members`", at: fields.start)
                    .hint("add `members: [HOST, HOST]`, or `min: 2` where the site file names them"))
            return nil
        }
        let (least, most) = (fields.integer("min") ?? 1, fields.integer("max") ?? 64)
        guard least <= most else {
            problems.add(
                .error("out-of-range", "`max` is smaller than `min`", at: fields.span(ofKey: "max")))
            return nil
        }
        return least...most
    }

    /// The members that the site file names, or hosts that stand for them.
    func declareMembers(of group: String, _ limits: ClosedRange<Int>, _ fields: Fields) -> [HostID] {
        // Where two are not all that may be, nothing may speak of the other one.
        let count = limits.count == 1 ? limits.lowerBound : min(max(limits.lowerBound, 3), limits.upperBound)
        let names = members[group] ?? (1...count).map { HostID("\(group)-\($0)") }
        for name in names where declarations.host(name) == nil {
            var host = HostDeclaration(id: name)
            host.title = fields.text("title")
            if let user = fields["user"], let text = user.text {
                host.user = text
                if !InputValues.isUserName(text) {
                    problems.add(.error("bad-value", "this is not the name of a user", at: user.span))
                }
            }
            declarations.hosts.append(host)
            declarations.unnamedHosts.insert(name)
        }
        return names
    }
}

/// The members that a site file names of the groups that the runbook leaves to it, and what is wrong with them. A site
/// file that is no YAML names none: `loadSite` says why.
package func readMembers(
    _ source: SourceText, for runbook: Runbook
) -> ([String: [HostID]], [Diagnostic]) {
    guard let root = parseYAML(source).0, root.mapping != nil else { return ([:], []) }
    let problems = Problems()
    let fields = Fields(root, as: .site, Problems())
    let open = runbook.groups.filter { $0.limits != nil }
    let declared = Set(runbook.hosts.map(\.id)).subtracting(open.flatMap(\.members))
    var members: [String: [HostID]] = [:]
    for group in open {
        guard let limits = group.limits else { continue }
        guard let node = fields["groups"]?[group.name], let names = node.sequence else {
            // A value of another shape is reported where the whole site file is read.
            guard fields["groups"] != nil || !fields.isGiven("groups") else { continue }
            problems.add(
                .error(
                    "missing-host", "the members of the group `\(group.name)` are not named",
                    at: fields.isGiven("groups") ? fields.span(ofKey: "groups") : fields.start
                )
                .hint("add `groups: { \(group.name): [one, two] }`: \(limits.words)"))
            continue
        }
        var hosts: [HostID] = []
        for name in names {
            let id = HostID(name.text ?? "")
            if declared.contains(id) || runbook.groups.contains(where: { $0.name == id.rawValue })
                || RunbookLoader.reservedNames.contains(id.rawValue)
            {
                problems.add(
                    .error("reserved-name", "`\(id)` has a meaning in this runbook already", at: name.span)
                        .hint("choose another name for this host"))
            } else if hosts.contains(id) {
                problems.add(.error("duplicate-member", "`\(id)` is named twice", at: name.span))
            } else {
                hosts.append(id)
            }
        }
        if !limits.contains(names.count) {
            problems.add(
                .error(
                    "out-of-range", "the group `\(group.name)` has \(counted(names.count, "member"))",
                    at: node.span
                )
                .hint("it has \(limits.words)"))
        }
        members[group.name] = hosts
    }
    return (members, Diagnostics(problems.found).sorted)
}

extension ClosedRange<Int> {
    /// `3 to 64 hosts`
    package var words: String {
        count == 1 ? counted(lowerBound, "host") : "\(lowerBound) to \(upperBound) hosts"
    }
}

/// A step's name: unique in its runbook, never a position. A step inside a block is `block/step`.
package struct StepID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ text: String) { rawValue = text }
    package var description: String { rawValue }
    package static func < (left: StepID, right: StepID) -> Bool { left.rawValue < right.rawValue }
}

/// The runbook's word for a host (`master`), not its address and not the name that it calls itself.
package struct HostID: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(_ text: String) { rawValue = text }
    package var description: String { rawValue }
    package static func < (left: HostID, right: HostID) -> Bool { left.rawValue < right.rawValue }
}

/// One issue of one step on one host: `join.slave.1`. The last part counts the issues, from 1.
///
/// It names the attempt's files on the host, so it holds only letters, digits and `.-_`; the `/` of a step
/// in a block is written `+`, which no step name may contain. Behind the number stands, after a `+`, the user
/// that the step runs as where that is not who logs in: `join.slave.1+root`. That user's files know of it.
package struct AttemptID: RawRepresentable, Hashable, Sendable, CustomStringConvertible, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package init(step: StepID, host: HostID, number: Int, user: String? = nil) {
        let name = step.rawValue.split(separator: "/", omittingEmptySubsequences: false).joined(
            separator: "+")
        rawValue = "\(name).\(host).\(number)" + (user.map { "+\($0)" } ?? "")
    }

    /// The user behind the `+`.
    package var user: String? {
        guard let plus = rawValue.lastIndex(of: "+") else { return nil }
        // A step of a block has its `+` before the first point, and no step name has a point.
        let before = rawValue[..<plus]
        return before.contains(".") ? String(rawValue[rawValue.index(after: plus)...]) : nil
    }
    package var description: String { rawValue }
}

/// A run's name on this machine and on the hosts: letters, digits and `-`, unique by its random part.
package struct RunID: RawRepresentable, Hashable, Sendable, CustomStringConvertible, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
    package var description: String { rawValue }
}

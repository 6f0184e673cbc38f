/// Bytes that an attempt needs on the host, more than are kept in memory.
///
/// They are sent in parts into a file of the run's folder. What has arrived stays when the link is lost or this
/// process ends, and only the rest is sent the next time. That they are what was meant is for the attempt's script
/// to find out.
package struct Staged: Sendable, Equatable {
    /// The start of the file's name. Of those with the same start only the last is kept on the host.
    package var owner: String
    /// The end of the file's name: the same bytes have the same one, and others have another.
    package var id: String
    package var length: Int
    /// Up to so many bytes from an offset on; fewer only at the end.
    package var read: @Sendable (_ offset: Int, _ count: Int) throws(StagingProblem) -> [UInt8]

    package init(
        owner: String, id: String, length: Int,
        read: @escaping @Sendable (Int, Int) throws(StagingProblem) -> [UInt8]
    ) {
        self.owner = owner
        self.id = id
        self.length = length
        self.read = read
    }

    /// The file's name in the run's folder.
    package var name: String { "\(owner).\(id).staged" }

    package static func == (left: Staged, right: Staged) -> Bool {
        left.owner == right.owner && left.id == right.id && left.length == right.length
    }
}

/// Up to so many bytes of a file, by its name, from an offset on; fewer only at its end.
package typealias PartReader =
    @Sendable (_ name: String, _ offset: Int, _ count: Int) throws(StagingProblem) -> [UInt8]

/// Why bytes of this machine cannot be sent.
package struct StagingProblem: Error, Equatable, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
}

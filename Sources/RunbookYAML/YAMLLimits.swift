/// The largest text that is taken for a runbook. What is larger is a mistake or an attack.
package struct YAMLLimits: Sendable {
    /// Checked before the text is parsed.
    package var fileSizeInBytes = 4 << 20
    /// Sequences, mappings and scalars inside one another. A runbook of this project needs about ten.
    package var depth = 64
    /// A file of 4 MiB can hold two million nodes, each many times as large in memory as in the file.
    package var nodes = 500_000
    /// A text of a step. What is longer belongs into a file of its own.
    package var scalarSizeInBytes = 64 << 10

    package init() {}

    package static let standard = YAMLLimits()
}

import Synchronization

/// What must not leave this process: asked by the last places before the outside, the terminal and the journal.
///
/// A process serves one person and one run, so there is one set. It only grows.
package enum Secrets {
    private static let redactor = Mutex(Redactor())

    /// Hides a secret from now on.
    package static func hide(_ secret: String) throws(Redactor.Refusal) {
        try redactor.withLock { (redactor) throws(Redactor.Refusal) in try redactor.register(secret) }
    }

    /// The text with every secret replaced.
    package static func redacted(_ text: String) -> String { current.redacted(text) }

    /// The bytes with every secret replaced.
    package static func redacted(_ bytes: [UInt8]) -> [UInt8] { current.redacted(bytes) }

    /// All that is hidden by now.
    package static var current: Redactor { redactor.withLock { $0 } }
}

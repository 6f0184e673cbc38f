import Glibc
import RunbookText
import Synchronization

/// Why output was lost.
package enum OutputError: Error, Sendable, Equatable {
    /// Nobody reads any more (`runbook log | head`).
    case closed
    /// The error number of write(2): a full disk, a broken terminal.
    case failed(errno: Int32)
}

/// Writes whole lines to a descriptor, from any thread, never one line inside another.
///
/// After the first error it writes nothing more: a run does not end because its output has nowhere to go.
package final class LineWriter: Sendable {
    package let descriptor: Int32
    private let state = Mutex<OutputError?>(nil)

    /// The descriptor stays the caller's.
    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The error that ended the output, if one did.
    package var error: OutputError? { state.withLock { $0 } }

    /// Writes text and ends its last line where that is missing.
    package func writeLine(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n") }

    /// Writes text in one piece, with nothing of others inside it.
    package func write(_ text: String) {
        guard !text.isEmpty else { return }
        state.withLock { error in
            guard error == nil else { return }
            error = Self.writeAll(text, to: descriptor)
        }
    }

    /// Waits where a descriptor that does not block is full; answers the error that stopped it.
    static func writeAll(_ text: String, to descriptor: Int32) -> OutputError? {
        // The last place before the outside.
        var text = Secrets.redacted(text)
        return text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[written...])
                let count = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count >= 0 {
                    written += count
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN: waitUntilWritable(descriptor)
                case EPIPE: return .closed
                case let number: return .failed(errno: number)
                }
            }
            return nil
        }
    }

    private static func waitUntilWritable(_ descriptor: Int32) {
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&place, 1, 1000)
    }
}

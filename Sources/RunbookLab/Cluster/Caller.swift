import Synchronization

/// One call of an emulated command, with the conveniences that the commands need.
final class Caller: Sendable {
    let call: CommandCall
    private let input = Mutex<[UInt8]>([])

    init(_ call: CommandCall) { self.call = call }

    var node: String { call.node }
    var arguments: [String] { call.arguments }

    /// Writes text to standard output as it is.
    func out(_ text: String) async { await call.writeOutput(Array(text.utf8)) }

    /// Writes a line to standard output.
    func line(_ text: String = "") async { await out(text + "\n") }

    /// Writes a line to standard error.
    func error(_ text: String) async { await call.writeError(Array((text + "\n").utf8)) }

    /// The next byte of standard input; nil at its end.
    func readByte() async -> UInt8? {
        if let byte = input.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return byte }
        let bytes = await call.readInput()
        guard let first = bytes.first else { return nil }
        input.withLock { $0 += bytes.dropFirst() }
        return first
    }

    /// All of standard input, as text.
    func readAll() async -> String {
        var bytes: [UInt8] = []
        while let byte = await readByte() { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A command ends here: what it says last on standard error, and its exit status.
struct CommandExit: Error {
    var status: Int32
    var message: String?

    init(_ status: Int32, _ message: String? = nil) {
        self.status = status
        self.message = message
    }
}

/// The lab does not model this call and says so, instead of inventing an answer.
struct NotModelled: Error {}

/// An effect that a command really had: what tests count.
package struct LabEffect: Equatable, Sendable {
    package var node: String
    /// The effect's name, such as `pvecm create` or `mkqdisk -c`.
    package var name: String
    /// The command as it was typed.
    package var command: String
    /// Lab seconds since the lab began.
    package var at: Double

    /// One line of JSON with its newline.
    package var jsonLine: String {
        "{\"at\":\(at),\"node\":\(Self.quoted(node)),\"effect\":\(Self.quoted(name)),"
            + "\"command\":\(Self.quoted(command))}\n"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case let control where control.value < 32:
                let digits = String(control.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

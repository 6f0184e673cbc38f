/// Why a step cannot even be asked or issued: something in it has no value, or a file of its own is missing.
///
/// Not an outcome: nothing was sent. The message is for people.
package struct EngineProblem: Error, Equatable, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
}

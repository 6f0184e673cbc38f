/// Why a step cannot even be asked or issued: something in it has no value, or a file of its own is missing.
///
/// Not an outcome: nothing was sent. The message is for people.
package struct EngineProblem: Error, Equatable, Sendable {
    package var message: String
    /// What a command printed that was asked for a value; hints look at it.
    package var output: String
    package init(_ message: String, output: String = "") {
        self.message = message
        self.output = output
    }
}

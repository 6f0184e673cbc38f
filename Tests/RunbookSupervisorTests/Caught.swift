import RunbookTransport

/// A transport error's sentence, to be compared.
struct TransportErrorText: Error, Equatable {
    var message: String
    init(_ message: String) { self.message = message }
}

/// Turns the transport error of `body` into its sentence.
func caught(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as TransportError {
        throw TransportErrorText(error.message)
    }
}

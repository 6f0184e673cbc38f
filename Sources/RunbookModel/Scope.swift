/// What the names in `${{ }}` stand for while one step is looked at on one host.
package struct Scope: Sendable {
    /// Finds an output: its step, the host that the reference names or else this host, its name.
    /// A step without hosts has one answer for all of them: there the host is to be ignored.
    package typealias OutputLookup = @Sendable (StepID, HostID?, String) -> Value?

    package var inputs: [String: Value]
    package var hosts: [HostID: SiteHost]
    /// The host that the step runs on; nil for a step without one.
    package var host: HostID?
    /// The other host of a group of two.
    package var peer: HostID?
    /// The environment of the runbook, then of the step; a later entry hides an earlier one of its name.
    package var environment: [EnvironmentEntry]
    /// What is known of hosts because they were asked: `clock_skew`, in whole seconds and never
    /// negative, and `operator_key`, the key (type and body) that opened the door; empty after a password.
    package var facts: [HostID: [String: Value]] = [:]
    package var outputs: OutputLookup

    package init(
        inputs: [String: Value] = [:], hosts: [HostID: SiteHost] = [:], host: HostID? = nil,
        peer: HostID? = nil, environment: [EnvironmentEntry] = [],
        outputs: @escaping OutputLookup = { _, _, _ in nil }
    ) {
        self.inputs = inputs
        self.hosts = hosts
        self.host = host
        self.peer = peer
        self.environment = environment
        self.outputs = outputs
    }

    /// The names that every host has without being declared.
    package static let builtInAttributes = ["id", "address"]
    /// The names that every host has once it was asked.
    package static let askedAttributes = ["clock_skew", "operator_key"]

    /// What a name stands for. Values are data: nothing in them is looked at again.
    package func value(of reference: Reference) throws(EvaluationError) -> Value {
        switch reference {
        case .input(let name):
            guard let value = inputs[name] else { throw .noValue(name: reference.description) }
            return value
        case .hostAttribute(let host, let name):
            return try attribute(name, of: host, as: reference)
        case .thisHost(let name):
            return try attribute(name, of: host, as: reference)
        case .peer(let name):
            return try attribute(name, of: peer, as: reference)
        case .environment(let name):
            guard let index = environment.lastIndex(where: { $0.name == name }) else {
                throw .noValue(name: reference.description)
            }
            return .string(try environmentResults(through: index)[index].get())
        case .output(let step, let on, let name):
            guard let value = outputs(step, on ?? host, name) else {
                throw .outputNotKnownYet(step, host: on ?? host, name: name)
            }
            return value
        }
    }

    /// The environment on this host, in order, each name once.
    ///
    /// An entry that has no value on this host (`peer.node` where there is no peer), or not yet, is left out:
    /// the shell's `set -u` says so where it is used. Any other error is thrown.
    package func environmentTexts() throws(EvaluationError) -> [(name: String, text: String)] {
        guard !environment.isEmpty else { return [] }
        var texts: [(name: String, text: String)] = []
        for (entry, result) in zip(environment, environmentResults(through: environment.count - 1)) {
            texts.removeAll { $0.name == entry.name }
            switch result {
            case .success(let text): texts.append((entry.name, text))
            case .failure(let error):
                if case .noValue = error { continue }
                guard error.isNotKnownYet else { throw error }
            }
        }
        return texts
    }

    private func attribute(
        _ name: String, of host: HostID?, as reference: Reference
    ) throws(EvaluationError) -> Value {
        guard let host, let known = hosts[host] else { throw .noValue(name: reference.description) }
        if let value = known.attributes[name] ?? facts[host]?[name] { return value }
        switch name {
        case "id": return .string(host.rawValue)
        case "address": return .string(known.address)
        default: break
        }
        if Self.askedAttributes.contains(name) { throw .hostNotAskedYet(host, name: name) }
        throw .noValue(name: reference.description)
    }

    /// The values of the entries up to `last`. Each is worked out once, with only the earlier ones in sight,
    /// so the work grows with the number of entries and an entry cannot reach itself.
    private func environmentResults(through last: Int) -> [Result<String, EvaluationError>] {
        var results: [Result<String, EvaluationError>] = []
        var seen: [String: Result<String, EvaluationError>] = [:]
        for entry in environment[...last] {
            let result = entry.value.result(in: self, knownEnvironment: seen)
            results.append(result)
            seen[entry.name] = result
        }
        return results
    }
}

extension Reference: CustomStringConvertible {
    /// The name as the runbook writes it.
    package var description: String {
        switch self {
        case .input(let name): "inputs.\(name)"
        case .hostAttribute(let host, let name): "hosts.\(host).\(name)"
        case .thisHost(let name): "host.\(name)"
        case .peer(let name): "peer.\(name)"
        case .environment(let name): "env.\(name)"
        case .output(let step, let host?, let name): "steps.\(step).on.\(host).outputs.\(name)"
        case .output(let step, nil, let name): "steps.\(step).outputs.\(name)"
        }
    }
}

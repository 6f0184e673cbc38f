import RunbookModel
import RunbookYAML

/// What a runbook declares: everything that a name in it can stand for.
struct Declarations {
    var inputs: [Input] = []
    var hosts: [HostDeclaration] = []
    var groups: [Group] = []
    /// Hosts that only the site file names.
    var unnamedHosts: Set<HostID> = []
    /// The names of the runbook's environment, in order.
    var environment: [String] = []
    /// Of a used runbook: what the step that uses it gives to its inputs.
    var arguments: [String: (expression: Expression, kind: ValueKind?)] = [:]
    /// Those of them that hold a secret.
    var secretVariables: Set<String> = []
    /// The named questions, not read yet.
    var checks: [YAMLEntry] = []
    var steps: [StepSketch] = []

    func host(_ id: HostID) -> HostDeclaration? { hosts.first { $0.id == id } }
    func group(_ name: String) -> Group? { groups.first { $0.name == name } }
    func check(_ name: String) -> YAMLEntry? { checks.first { $0.name == name } }
    func input(_ name: String) -> Input? { inputs.first { $0.name == name } }

    /// The step that a name means when it is used inside `block`: a neighbour comes first.
    func step(_ name: String, inside block: StepID?) -> StepSketch? {
        if let block, let neighbour = steps.first(where: { $0.id == StepID("\(block)/\(name)") }) {
            return neighbour
        }
        return steps.first { $0.id == StepID(name) }
    }

    /// The group that `peer` and `peers` are taken from: the one that was named, or the only one that holds
    /// all of the hosts.
    func group(of hosts: [HostID]) -> [HostID] {
        let fitting = groups.filter { group in hosts.allSatisfy(group.members.contains) }
        return fitting.count == 1 ? fitting[0].members : []
    }
}

/// What can be known of a step before its texts are read.
struct StepSketch {
    var id: StepID
    /// The block that it stands in.
    var block: StepID?
    /// Its number in the order in which steps are done.
    var number: Int
    var fields: Fields
    var hosts: [HostID] = []
    var group: [HostID] = []
    var outputs: [(name: String, kind: ValueKind)] = []
    /// Its hosts, or those of its block, are said and wrong: nothing is told of what speaks of them.
    var isPlaceUnknown = false
    /// The group that `peer` is taken from; nil where nothing is told of it.
    var peerGroup: [HostID]? { isPlaceUnknown ? nil : group }
    /// Whether it says where it runs, rightly or wrongly, or misspelt.
    var saysHosts: Bool {
        let keys = ["host", "hosts"]
        return !fields.given(among: keys).isEmpty || !fields.meantKeys.isDisjoint(with: keys)
    }
    var isBlock: Bool { fields.isGiven("steps") || fields.isGiven("use") }
    /// A step of a block is done where the block is.
    mutating func takePlace(of block: StepSketch) {
        (hosts, group, isPlaceUnknown) = (block.hosts, block.group, block.isPlaceUnknown)
    }
    /// What it is done for, in a step with `for_each`.
    var item: StepItem?
    /// Reads the runbook that it uses.
    var used: RunbookLoader?
}

/// One of the things that a step with `for_each` is done for.
struct StepItem: Hashable {
    /// Its part of the step's id.
    var name: String
    var value: String
    /// When it is a member of a group.
    var host: HostID?
}

extension InputType {
    var kind: ValueKind {
        switch self {
        case .integer: .number
        case .boolean: .flag
        case .choice(let words): .oneOf(words)
        case .string, .ipv4, .hostname, .path, .duration: .text
        }
    }
}

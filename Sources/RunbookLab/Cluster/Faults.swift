/// Faults that a rehearsal turns on, by the names of `setFault`. They change what the lab does, never the
/// words in which the tools report it.
struct Faults: Equatable, Sendable {
    /// The command named fails once, before it has any effect.
    struct FailOnce: Equatable, Sendable {
        var node: String?
        var prefix: String
        var status: Int32
        var message: String
    }

    var failOnce: [FailOnce] = []
    /// The node's copy of corosync.authkey is read as another one.
    var foreignKey: Set<String> = []
    /// BLKRRPART is refused there (`Device or resource busy`); logging out and in still helps.
    var busyPartitionTable: Set<String> = []
    /// The node reads no quorum disk header.
    var blindToLabel: Set<String> = []
    /// /etc/pve was left mounted by a pmxcfs that died.
    var staleMount: Set<String> = []
    /// rgmanager does not end when it is told to.
    var stubbornManager: Set<String> = []
    /// corosync's token is read as if the file did not set it.
    var ignoresToken = false
    var ignoresResourceManager = false
    var ignoresFenceJoin = false
    /// The next activation carries the version number that is already running.
    var keepsVersion = false
    /// ccs_config_validate finds an attribute that nobody wrote.
    var inventsSchemaError = false
    /// The caller of `pvecm add` dies in its wait for quorum, on these nodes.
    var killsJoin: Set<String> = []
    /// The other nodes lose power when this node joins the fence domain.
    var killsPeersAtFenceJoin = false

    static func on(_ value: String) -> Bool { !["", "off", "no", "0", "false"].contains(value) }
}

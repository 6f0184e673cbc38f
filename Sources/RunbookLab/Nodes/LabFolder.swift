/// Where a lab keeps its files. Everything is below one folder, which belongs to the lab alone.
struct LabFolder: Sendable {
    let path: String

    /// What a client needs to find and to end the lab.
    var description: String { path + "/lab.json" }
    var clusterTree: String { path + "/cluster/pve" }
    var operatorKey: String { path + "/id_ed25519" }
    var log: String { path + "/lab.log" }
    static let controlSocket = "control.socket"

    func node(_ name: String) -> String { path + "/nodes/" + name }
    func privateTree(_ node: String) -> String { self.node(node) + "/pve" }
    /// Bound as /opt/lab: pid 1, the preloaded library, the socket.
    func tools(_ node: String) -> String { self.node(node) + "/lab" }
    /// Bound as /usr/local/sbin: the names of the emulated commands.
    func commands(_ node: String) -> String { self.node(node) + "/commands" }
}

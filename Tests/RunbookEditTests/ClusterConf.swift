@testable import RunbookEdit

/// The texts that Proxmox VE 3.4 writes (pve-cluster 3.0: `pvecm create`; redhat-cluster 3.2.0:
/// `ccs_tool addnode`, which leaves out a line end).
enum ClusterConf {
    static let path = "/etc/pve/cluster.conf"

    static let created = """
        <?xml version="1.0"?>
        <cluster name="pvecluster" config_version="1">

          <cman keyfile="/var/lib/pve-cluster/corosync.authkey">
          </cman>

          <clusternodes>
          <clusternode name="pve1" votes="1" nodeid="1"/>
          </clusternodes>

        </cluster>

        """

    static let joined = """
        <?xml version="1.0"?>
        <cluster name="pvecluster" config_version="3">

          <cman keyfile="/var/lib/pve-cluster/corosync.authkey" transport="udpu" two_node="1">
          </cman>

          <clusternodes>
          <clusternode name="pve1" votes="1" nodeid="1"/>
          <clusternode name="pve2" votes="1" nodeid="2"/></clusternodes>

        </cluster>

        """

    static let unicast = StructuredEdit(
        set: [.init(path: "/cluster/cman/@transport", value: "udpu")], increment: ["/cluster/@config_version"]
    )

    static let quorumDisk = StructuredEdit(
        set: [
            .init(path: "/cluster/cman/@expected_votes", value: "3"),
            .init(path: "/cluster/quorumd/@votes", value: "1"),
            .init(path: "/cluster/quorumd/@label", value: "proxmox1_qdisk"),
            .init(path: "/cluster/quorumd/@interval", value: "1"),
            .init(path: "/cluster/quorumd/@tko", value: "10"),
            .init(path: "/cluster/quorumd/@allow_kill", value: "0"),
            .init(path: "/cluster/totem/@token", value: "54000"),
        ],
        ensure: ["/cluster/rm"], remove: ["/cluster/cman/@two_node"], increment: ["/cluster/@config_version"])
}

/// Applies a structured edit to a text, and proves that a second time changes nothing.
func edited(
    _ text: String?, _ edit: StructuredEdit, path: String = ClusterConf.path, create: Bool = false
) throws -> String {
    try twice(FileEdit(path: path, change: .structured(edit), create: create), text)
}

struct NotIdempotent: Error {
    let first: String
    let second: String
}

func twice(_ edit: FileEdit, _ text: String?) throws -> String {
    let first = try edit.apply(to: text)
    let second = try edit.apply(to: first.text)
    guard second == EditResult(text: first.text, changed: false) else {
        throw NotIdempotent(first: first.text, second: second.text)
    }
    return first.text
}

func problem(_ edit: FileEdit, _ text: String?) -> EditProblem? {
    do {
        _ = try edit.apply(to: text)
        return nil
    } catch {
        return error
    }
}

import RunbookTestSupport
import Testing

/// What makes one step of the two-node runbook fail once, what the run must say of it, and what mends it.
struct Obstacle {
    var step: String
    var host: String
    /// Run up to the step first: the cause must not meet the steps before it.
    var comesAfterAll = false
    /// Puts it in the way.
    var cause: (LabStory) throws -> Void
    /// What a person does about it; nothing where the command fails just once.
    var mend: (LabStory) throws -> Void = { _ in }
    var reason = "exit status 1"
    /// The last lines of what the step printed.
    var tail: [String] = []
    var hints: [String] = []

    static let iscsi = "iscsiadm -m node -T iqn.2015-08.lan.nas:quorum -p 192.168.0.20:3260"

    /// Every step, in the order of the runbook; `multicast-test` has a story of its own.
    static var all: [Obstacle] { looking + keys + cluster + joining + disk + configuration + fencing }
}

/// The message that a real tool gives, from a command that fails the next time it is called.
private func once(
    _ node: String, _ command: String, _ status: Int, _ message: String = ""
) -> (LabStory) throws -> Void {
    { try $0.failOnce(node, command, status, message) }
}

private func shell(_ node: String, _ script: String) -> (LabStory) throws -> Void {
    { try $0.shell(node, script) }
}

private func fault(_ name: String, _ value: String) -> (LabStory) throws -> Void {
    { try $0.fault(name, value) }
}

extension Obstacle {
    /// Gates, before anything is changed.
    fileprivate static var looking: [Obstacle] {
        [
            Obstacle(
                step: "preflight", host: "slave", cause: fault("hosts_loopback", "pve2"),
                mend: fault("hosts_loopback", "-pve2"),
                reason: "pve2 must resolve to 192.168.0.12 on itself, not to 127.x; mend /etc/hosts"),
            Obstacle(
                step: "slave-is-empty", host: "slave", cause: fault("guests_on_slave", "pve2"),
                mend: fault("guests_on_slave", "-pve2"),
                reason:
                    "There are guests on the slave. Move them away, or swap master and slave in the site file"
            ),
            // The same initiator name for the next one: it must be there when the names are read.
            Obstacle(
                step: "about-the-nodes", host: "master",
                cause: { story in
                    try story.failOnce("pve1", "pveversion", 2, "pveversion: cannot open the package list")
                    try story.shell(
                        "pve2",
                        "cp -p /etc/iscsi/initiatorname.iscsi /root/kept; "
                            + "echo InitiatorName=iqn.1993-08.org.debian:01:5b1e6c0d1a11 > /etc/iscsi/initiatorname.iscsi"
                    )
                }, reason: "output version could not be read: exit status 2",
                tail: ["pveversion: cannot open the package list"]),
            Obstacle(
                step: "alike-and-apart", host: "master", cause: { _ in },
                mend: shell("pve2", "mv /root/kept /etc/iscsi/initiatorname.iscsi"),
                reason:
                    "Both nodes have the same iSCSI initiator name (a cloned disk?); their sessions would throw each other out"
            ),
        ]
    }

    fileprivate static var keys: [Obstacle] {
        [
            Obstacle(
                step: "backup", host: "master",
                cause: shell("pve1", "mkdir /root/before-two-node.tar.gz.part"),
                mend: shell("pve1", "rmdir /root/before-two-node.tar.gz.part"), reason: "exit status 2",
                tail: ["tar: Child returned status 2", "tar: Error is not recoverable: exiting now"]),
            Obstacle(
                step: "hosts-file", host: "master",
                cause: shell("pve1", "echo 192.168.0.99 pve2 >> /etc/hosts"),
                mend: shell("pve1", "sed -i /192.168.0.99/d /etc/hosts"),
                reason: "pve2 already resolves to another address on pve1; decide which is right"),
            Obstacle(
                step: "ssh-trust/files", host: "master",
                cause: shell("pve1", "printf 'Host pve2\\n  Port 2222\\n' > /root/.ssh/config"),
                mend: shell("pve1", "rm /root/.ssh/config"),
                reason: "it ended well, but: root on pve1 cannot log in to pve2",
                tail: ["ssh: connect to host pve2 port 2222: Connection refused"]),
            // Only a person who keeps ssh-trust as it is comes to this gate without the key.
            Obstacle(
                step: "way-in", host: "master", comesAfterAll: true,
                cause: { story in
                    // By its middle: the line may have been written with another comment.
                    let key = try story.ownKey().split(separator: " ")[1].suffix(40).prefix(20)
                    try story.shell("pve1", "sed -i '\\|\(key)|d' /root/.ssh/authorized_keys")
                    let stopped = try story.events()
                    #expect(stopped.status == 3, "\(stopped.errors)")
                    try story.events("--keep", "ssh-trust/files")
                },
                mend: { story in
                    try story.shell("pve1", "echo '\(try story.ownKey())' >> /root/.ssh/authorized_keys")
                },
                reason:
                    "The key that opens the slave does not stand on the master; add it to /root/.ssh/authorized_keys there"
            ),
        ]
    }

    fileprivate static var cluster: [Obstacle] {
        let settled = "until touch /etc/pve/x; do sleep 0.05; done 2>/dev/null; rm /etc/pve/x"
        return [
            Obstacle(
                step: "create", host: "master",
                cause: once(
                    "pve1", "pvecm create", 255, "cluster config '/etc/pve/cluster.conf' already exists"),
                reason: "exit status 255", tail: ["cluster config '/etc/pve/cluster.conf' already exists"],
                hints: [
                    "This node belongs to a cluster already. Choose the other node as master, or take this one out of its cluster."
                ]),
            Obstacle(
                step: "cman-runs", host: "master", comesAfterAll: true,
                cause: { story in
                    try story.shell("pve1", "service cman stop")
                    try story.failOnce(
                        "pve1", "service cman start", 1, "Waiting for quorum... Timed-out waiting for cluster"
                    )
                }, mend: shell("pve1", "service cman start"),
                tail: ["Waiting for quorum... Timed-out waiting for cluster"],
                hints: [Self.cmanIsDown, Self.noQuorum]),
            // A third vote is expected that nobody has.
            Obstacle(
                step: "writable", host: "master",
                cause: shell(
                    "pve1",
                    settled
                        + #"; sed -i 's/config_version="1"/config_version="2"/; s/<cman /<cman expected_votes="3" /' /etc/pve/cluster.conf"#
                ),
                mend: shell(
                    "pve1",
                    "pvecm expected 1; " + settled
                        + #"; sed -i 's/config_version="2"/config_version="3"/; s/ expected_votes="3"//' /etc/pve/cluster.conf"#
                ),
                reason:
                    "/etc/pve on pve1 cannot be written. Without quorum it is read-only; do not chase file modes",
                tail: ["touch: cannot touch '/etc/pve/.runbook.N': Permission denied"]),
            Obstacle(
                step: "udpu", host: "master", cause: fault("schema_error", "on"),
                mend: fault("schema_error", "off"), reason: "exit status 3",
                tail: Self.schemaError + [
                    "the new /etc/pve/cluster.conf was not accepted: nothing was written"
                ],
                hints: [Self.schema]),
            Obstacle(
                step: "udpu-restart", host: "master",
                cause: once(
                    "pve1", "service cman restart", 1, "fence_tool: cannot leave due to active systems"),
                tail: ["fence_tool: cannot leave due to active systems"], hints: [Self.stillRuns]),
        ]
    }

    static let cmanIsDown =
        "cman does not run on this node. `service cman start` shows at which line it stops."
    static let noQuorum = """
        cman would not start (the first failure of the blog): the nodes do not hear each other, or a vote is missing.
        Look at `cman_tool nodes` (X means not heard), UDP 5404 and 5405, both /etc/hosts, the md5sum of
        /var/lib/pve-cluster/corosync.authkey on both nodes and, once the quorum disk is configured, at
        /var/log/cluster/qdiskd.log. When multicast does not pass, set `transport: udpu`.
        """
    static let stillRuns = "rgmanager (or clvm) still runs on this node. Stop it before cman."
    static let schema =
        #"The line above with "element" names what the schema does not like. cluster.conf itself is untouched."#
    static let schemaError = [
        "tempfile:4: element cman: Relax-NG validity error : Invalid attribute foo for element cman",
        "Configuration fails to validate", "Validation completed",
    ]
    static let notHeard =
        "The other node is configured but not heard. Multicast is blocked, or the transports differ; see docs/two-node.md#udpu-late."
}

extension Obstacle {
    fileprivate static var joining: [Obstacle] {
        [
            Obstacle(
                step: "join", host: "slave",
                cause: once("pve2", "pvecm add", 255, "unable to copy ssh ID: exit code 1"),
                reason: "exit status 255", tail: ["unable to copy ssh ID: exit code 1"],
                hints: ["The slave cannot log in to the master as root; see step ssh-trust."]),
            Obstacle(
                step: "hear-each-other", host: "master", comesAfterAll: true,
                cause: shell("pve2", "service cman stop"), mend: shell("pve2", "service cman start"),
                tail: ["   Waiting for quorum... Timed-out waiting for cluster", "[FAILED]"],
                hints: [Self.noQuorum, Self.notHeard]),
            Obstacle(
                step: "certificates", host: "slave", comesAfterAll: true,
                cause: { story in
                    try story.shell("pve2", "rm /etc/pve/local/pve-ssl.pem")
                    try story.failOnce("pve2", "pvecm updatecerts", 255, "no quorum - unable to update files")
                }, reason: "exit status 255", tail: ["no quorum - unable to update files"],
                hints: [
                    "This node has no quorum, so /etc/pve is read-only. See `cman_tool status`; the other node may be down."
                ]),
            Obstacle(
                step: "web-ui", host: "slave", comesAfterAll: true,
                cause: { story in
                    try story.shell("pve2", "service pveproxy stop")
                    try story.failOnce(
                        "pve2", "service pvedaemon restart", 1, "Restarting PVE Daemon: pvedaemon failed!")
                }, tail: ["Restarting PVE Daemon: pvedaemon failed!"]),
            Obstacle(
                step: "ssh-after-join", host: "slave",
                cause: shell("pve2", "printf 'Host pve1\\n  Port 2222\\n' > /root/.ssh/config"),
                mend: shell("pve2", "rm /root/.ssh/config"),
                reason: "root on pve2 can no longer log in to pve1",
                tail: ["ssh: connect to host pve1 port 2222: Connection refused"]),
        ]
    }

    fileprivate static var disk: [Obstacle] {
        let refused = "iscsiadm: cannot make connection to 192.168.0.20: Connection refused"
        let database =
            "iscsiadm: Could not execute operation on all records: encountered iSCSI database failure"
        let authorization =
            "iscsiadm: initiator reported error (24 - iSCSI login failed due to authorization failure)"
        return [
            Obstacle(
                step: "iscsi-discover", host: "master", cause: fault("iscsi_refused", "on"),
                mend: fault("iscsi_refused", "off"), reason: "exit status 4",
                tail: [
                    refused, "iscsiadm: connection login retries (reopen_max) 5 exceeded",
                    "iscsiadm: Could not perform SendTargets discovery: encountered connection failure",
                ],
                hints: [
                    "The NAS refuses or is not there. Is the iSCSI service on, is 192.168.0.20:3260 right, does a firewall stand between?"
                ]),
            Obstacle(
                step: "iscsi-login", host: "slave",
                cause: once("pve2", "\(iscsi) --login", 24, authorization), reason: "exit status 24",
                tail: [authorization], hints: ["The NAS wants CHAP, or does not know this initiator name."]),
            Obstacle(
                step: "iscsi-automatic", host: "master",
                cause: once("pve1", "\(iscsi) -o update", 6, database), reason: "exit status 6",
                tail: [database]),
            // Too small for the next one: it must be so when the size is read.
            Obstacle(
                step: "the-disk", host: "slave",
                cause: { story in
                    try story.fault("lun_too_small")
                    try story.failOnce("pve2", "blockdev", 1, "blockdev: cannot open \(LabStory.lun)")
                }, reason: "output bytes could not be read: exit status 1",
                tail: ["blockdev: cannot open \(LabStory.lun)"]),
            Obstacle(
                step: "same-disk", host: "master", cause: { _ in }, mend: fault("lun_too_small", "off"),
                reason: "A quorum disk needs at least 10 MB"),
            Obstacle(
                step: "partition", host: "master",
                cause: once("pve1", "sfdisk", 1, "sfdisk: cannot open \(LabStory.lun) read-write"),
                tail: ["sfdisk: cannot open \(LabStory.lun) read-write"]),
            Obstacle(
                step: "mkqdisk", host: "master", cause: once("pve1", "mkqdisk -c", 255),
                reason: "exit status 255",
                hints: [
                    "mkqdisk says nothing of its reason. The device is too small, is no block device (NFS is not possible), or cannot be read. `mkqdisk -d -d` says more."
                ]),
            // Mended as the hint says.
            Obstacle(
                step: "slave-sees", host: "slave", cause: fault("slave_sees_no_partition", "pve2"),
                mend: shell("pve2", "\(iscsi) --logout && \(iscsi) --login"),
                tail: ["blockdev: ioctl error on BLKRRPART: Device or resource busy"],
                hints: [
                    "The kernel holds the old table. Log this node out of the target and in again, never while qdiskd runs."
                ]),
        ]
    }
}

extension Obstacle {
    fileprivate static var configuration: [Obstacle] {
        [
            Obstacle(
                step: "cluster-conf", host: "master", cause: fault("schema_error", "on"),
                mend: fault("schema_error", "off"), reason: "exit status 3",
                tail: Self.schemaError + [
                    "the new /etc/pve/cluster.conf.new was not accepted: nothing was written"
                ], hints: [Self.schema]),
            Obstacle(
                step: "activate", host: "master",
                cause: once("pve1", "pvesh create", 2, "config validation failed: unknown error"),
                reason: "exit status 2", tail: ["config validation failed: unknown error"]),
            Obstacle(
                step: "rgmanager-stop", host: "master",
                cause: once(
                    "pve1", "service rgmanager stop", 1, "Stopping Cluster Service Manager: [FAILED]"),
                tail: ["Stopping Cluster Service Manager: [FAILED]"]),
            Obstacle(
                step: "load-config", host: "master",
                cause: once("pve1", "service cman reload", 1, "   Starting qdiskd... "),
                tail: ["Starting qdiskd..."],
                hints: [
                    "qdiskd died at once. Its label is not visible here, or the totem token is not above 17000 ms. See /var/log/cluster/qdiskd.log."
                ]),
            Obstacle(
                step: "clustat", host: "master", comesAfterAll: true,
                cause: shell("pve1", "pvecm expected 2"), mend: shell("pve1", "pvecm expected 3"),
                reason: "the votes on pve1 are not two nodes and the disk",
                tail: ["Node addresses: 192.168.0.11 "]),
        ]
    }

    fileprivate static var fencing: [Obstacle] {
        let migration =
            "ERROR: migration aborted (duration 00:00:02): Can't connect to destination address using public key"
        return [
            Obstacle(
                step: "fence-join/default", host: "master",
                cause: shell("pve1", "cd /etc/default; mv redhat-cluster-pve kept; mkdir redhat-cluster-pve"),
                mend: shell("pve1", "cd /etc/default; rmdir redhat-cluster-pve; mv kept redhat-cluster-pve"),
                reason: "on master: /etc/default/redhat-cluster-pve is not a file"),
            Obstacle(
                step: "fence-join/cman-restart", host: "master",
                cause: once(
                    "pve1", "service cman restart", 1, "fence_tool: cannot leave due to active systems"),
                tail: ["fence_tool: cannot leave due to active systems"], hints: [Self.stillRuns]),
            // With FENCE_JOIN cman joins by itself; without it the command is needed.
            Obstacle(
                step: "fence-join/fence-tool", host: "master",
                cause: { story in
                    try story.fault("fence_join_commented")
                    try story.failOnce(
                        "pve1", "fence_tool join", 1, "fence_tool: fenced not running, no lockfile")
                }, mend: fault("fence_join_commented", "off"),
                tail: ["fence_tool: fenced not running, no lockfile"]),
            Obstacle(
                step: "fence-join/pve-cluster", host: "master",
                cause: once(
                    "pve1", "service pve-cluster restart", 1,
                    "Restarting pve cluster filesystem: pve-cluster failed!"),
                tail: ["Restarting pve cluster filesystem: pve-cluster failed!"]),
            Obstacle(
                step: "rgmanager", host: "master",
                cause: once(
                    "pve1", "service rgmanager restart", 1, "Starting Cluster Service Manager: [FAILED]"),
                tail: ["Starting Cluster Service Manager: [FAILED]"]),
            Obstacle(
                step: "proof", host: "slave", cause: shell("pve2", "service pveproxy stop"),
                mend: shell("pve2", "service pveproxy start"),
                reason: "the web UI of pve2 does not answer with its certificate", tail: ["connect:errno=111"]
            ),
            Obstacle(
                step: "migrate", host: "master", cause: once("pve1", "qm migrate", 255, migration),
                reason: "exit status 255", tail: [migration]),
        ]
    }
}

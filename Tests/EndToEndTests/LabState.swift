import Glibc
import RunbookTestSupport

/// What a cluster has come to: files that matter, daemons, what each node sees. Two clusters that were built the
/// same way have the same text, whatever their keys, times and numbers.
struct LabState: Equatable {
    var nodes: [String: [String]]

    init(_ story: LabStory) throws {
        nodes = [:]
        for node in ["pve1", "pve2"] {
            let result = try story.shell(node, Self.script)
            nodes[node] = (result.output + result.errors).split(separator: "\n").map(String.init)
        }
    }

    /// The lines that only one of two states has, for people.
    func differences(from other: LabState) -> [String] {
        nodes.keys.sorted().flatMap { node in
            let (mine, others) = (nodes[node] ?? [], other.nodes[node] ?? [])
            return mine.filter { !others.contains($0) }.map { "\(node) + \($0)" }
                + others.filter { !mine.contains($0) }.map { "\(node) - \($0)" }
        }
    }

    /// A process's number, a moment, a member's incarnation and a key's body differ from cluster to cluster.
    private static let script = #"""
        show() { echo "== $*"; "$@" 2>&1; echo "exit $?"; }
        {
        show cat /etc/pve/cluster.conf
        show cat /etc/cluster/cluster.conf
        show cman_tool status
        show cman_tool nodes
        show cman_tool version
        show clustat
        show fence_tool ls
        show service cman status
        show service rgmanager status
        show iscsiadm -m session
        show iscsiadm -m node -T iqn.2015-08.lan.nas:quorum -p 192.168.0.20:3260
        show mkqdisk -L
        show cat /etc/hosts
        show cat /etc/default/redhat-cluster-pve
        show ls -A /etc/pve /etc/pve/nodes /etc/pve/nodes/pve1 /etc/pve/nodes/pve2
        show openssl verify -CAfile /etc/pve/pve-root-ca.pem /etc/pve/local/pve-ssl.pem
        echo "== web"; timeout 10 openssl s_client -connect 127.0.0.1:8006 </dev/null 2>/dev/null | grep ^subject
        echo "== authorized_keys"; cut -d' ' -f1,3 /root/.ssh/authorized_keys | sort
        echo "== known_hosts"; cut -d' ' -f1,2 /root/.ssh/known_hosts | sort
        echo "== ssh"; ssh -o BatchMode=yes "root@pve1" uname -n 2>&1; ssh -o BatchMode=yes "root@pve2" uname -n 2>&1
        echo "== left over"; ls -A /tmp; ls /var/lib/runbook/*/ 2>/dev/null | grep -c '\.out$'
        test -s /root/before-two-node.tar.gz; echo "backup $?"
        cmp -s /var/lib/pve-cluster/corosync.authkey /var/lib/pve-cluster/corosync.authkey; echo "authkey $?"
        } | tr -d '\r' | sed -E \
            -e 's/[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]+ [0-9:]+ [0-9]{4}/TIME/g' \
            -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/TIME/g' \
            -e 's/^( *[0-9]+ +[MXd]) +[0-9]+/\1 N/' \
            -e 's/^(Cluster Generation|Cluster Id|Active subsystems|Ports Bound|Flags):.*/\1/' \
            -e 's/pid [0-9 ]+/pid N/g' -e 's/^tcp: \[[0-9]+\]/tcp: [N]/' \
            -e 's/wrote .*/wrote/'
        """#
}

import Glibc
import RunbookTestSupport

/// What a cluster has come to: files that matter, daemons, what each node sees. Two clusters that were built the
/// same way have the same text, whatever their keys, times and numbers.
struct LabState: Equatable {
    var nodes: [String: [String]]

    /// - Parameter versionsByHand: how often a person raised config_version, which is taken off again.
    init(_ story: LabStory, versionsByHand raised: Int = 0) throws {
        nodes = [:]
        for node in ["pve1", "pve2"] {
            let result = try story.shell(node, Self.script)
            nodes[node] = (result.output + result.errors).split(separator: "\n").map {
                raised == 0 ? String($0) : Self.lowered(String($0), by: raised)
            }
        }
    }

    private static func lowered(_ line: String, by raised: Int) -> String {
        line.replacing(#/(config_version="|Config Version: |\bconfig )([0-9]+)/#) { match in
            "\(match.1)\((Int(match.2) ?? 0) - raised)"
        }
    }

    /// What an undisturbed run comes to, with a guest that is migrated, and what it did; built once.
    static let clean = Result {
        let story = try LabStory(LabStory.withGuest)
        let run = try story.run()
        guard run.status == 0 else { throw SupportError("no clean run: \(run.errors)") }
        return (state: try LabState(story), effects: try story.effects())
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
        show find /etc/pve/nodes/ -name '*.conf'
        show openssl verify -CAfile /etc/pve/pve-root-ca.pem /etc/pve/local/pve-ssl.pem
        echo "== web"; timeout 10 openssl s_client -connect 127.0.0.1:8006 </dev/null 2>/dev/null | grep ^subject
        echo "== authorized_keys"; cut -d' ' -f1,3 /root/.ssh/authorized_keys | grep -v -e operator@story -e '^ssh-ed25519$' | sort
        echo "== known_hosts"; cut -d' ' -f1,2 /root/.ssh/known_hosts | sort
        echo "== ssh"; ssh -o BatchMode=yes "root@pve1" uname -n 2>&1; ssh -o BatchMode=yes "root@pve2" uname -n 2>&1
        echo "== left over"; ls -A /tmp; find /var/lib/runbook -name '*.out' -size +0 | wc -l
        test -s /root/before-two-node.tar.gz; echo "backup $?"
        } | tr -d '\r' | sed -E \
            -e 's/[A-Z][a-z]{2} [A-Z][a-z]{2} +[0-9]+ [0-9:]+ [0-9]{4}/TIME/g' \
            -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}/TIME/g' \
            -e 's/^( *[0-9]+ +[MXd]) +[0-9]+/\1 N/' \
            -e 's/^(Cluster Generation|Cluster Id|Active subsystems|Ports Bound|Flags):.*/\1/' \
            -e 's/pid [0-9 ]+/pid N/g' -e 's/^tcp: \[[0-9]+\]/tcp: [N]/' \
            -e 's/wrote .*/wrote/'
        """#
}

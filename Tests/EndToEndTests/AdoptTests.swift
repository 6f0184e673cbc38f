import RunbookTestSupport
import Testing

/// Somebody has done the first steps by hand, as docs/two-node.md has them: each says *was so*, the rest is done.
@Suite(.serialized, .enabled(if: LabStory.isAvailable, LabStory.comment))
struct AdoptTests {
    /// How far the person came.
    enum Stop: String, CaseIterable, Comparable {
        case create, join, mkqdisk
        static func < (left: Stop, right: Stop) -> Bool {
            let order = allCases
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    private static let names = """
        set -eu
        CLUSTER=homelab LABEL=proxmox1_qdisk IQN=iqn.2015-08.lan.nas:quorum PORTAL=192.168.0.20:3260 MASTER=pve1
        LUN=\(LabStory.lun) QDEV=\(LabStory.lun)-part1
        case $(uname -n) in pve1*) PEER=pve2 PEER_IP=192.168.0.12 ;; *) PEER=pve1 PEER_IP=192.168.0.11 ;; esac

        """

    private static func type(_ story: LabStory, _ node: String, _ commands: String) throws -> String {
        let result = try story.shell(node, names + commands)
        guard result.status == 0 else {
            throw SupportError("\(node): \(commands): \(result.status): \(result.output)\(result.errors)")
        }
        return result.output
    }

    /// Does by hand what stands before `stop` and `stop` itself.
    static func prepare(_ story: LabStory, upTo stop: Stop) throws {
        let nodes = ["pve1", "pve2"]
        for node in nodes {
            _ = try type(
                story, node,
                """
                umask 077
                tar czf /root/before-two-node.tar.gz /etc/hosts /etc/ssh 2>/dev/null
                getent hosts "$PEER" || echo "$PEER_IP $PEER" >> /etc/hosts
                test -f /root/.ssh/id_rsa.pub || ssh-keygen -q -t rsa -N '' -f /root/.ssh/id_rsa
                ssh-keyscan "$PEER" "$PEER_IP" 2>/dev/null >> /root/.ssh/known_hosts
                """)
        }
        // What ssh-copy-id does; nobody types a password here.
        for (node, peer) in [("pve1", "pve2"), ("pve2", "pve1")] {
            let key = try type(story, node, "cat /root/.ssh/id_rsa.pub")
            _ = try type(story, peer, "cat >> /root/.ssh/authorized_keys <<'END'\n\(key)END")
        }
        _ = try type(story, "pve1", "pvecm create \"$CLUSTER\"; \(untilWritable)")
        if stop >= .join { try join(story) }
        if stop >= .mkqdisk { try writeQuorumDisk(story, nodes) }
    }

    private static let untilWritable =
        "until touch /etc/pve/.try 2>/dev/null && rm /etc/pve/.try; do sleep 0.1; done"

    private static func join(_ story: LabStory) throws {
        _ = try type(
            story, "pve1",
            """
            sed -e 's/<cman /<cman transport="udpu" /' -e 's/config_version="1"/config_version="2"/' \
                /etc/pve/cluster.conf > /etc/pve/cluster.conf.new
            ccs_config_validate -v -f /etc/pve/cluster.conf.new
            mv /etc/pve/cluster.conf.new /etc/pve/cluster.conf
            until grep -q udpu /etc/cluster/cluster.conf; do sleep 0.1; done
            sleep 1
            service cman restart
            \(untilWritable)
            """)
        _ = try type(story, "pve2", "pvecm add \"$MASTER\"")
    }

    private static func writeQuorumDisk(_ story: LabStory, _ nodes: [String]) throws {
        for node in nodes {
            _ = try type(
                story, node,
                """
                iscsiadm -m discovery -t sendtargets -p "$PORTAL"
                iscsiadm -m node -T "$IQN" -p "$PORTAL" --login
                iscsiadm -m node -T "$IQN" -p "$PORTAL" -o update -n node.startup -v automatic
                until test -b "$LUN"; do sleep 0.1; done
                """)
        }
        _ = try type(
            story, "pve1",
            """
            printf '2048,,83\\n' | sfdisk -uS "$LUN"
            blockdev --rereadpt "$LUN"
            echo y | mkqdisk -c "$QDEV" -l "$LABEL"
            """)
    }

    /// The steps that were done by hand, and how each is settled when it is found so.
    static func adopted(upTo stop: Stop) -> [String: String] {
        var how: [String: String] = [:]
        for host in ["master", "slave"] {
            for step in ["backup", "hosts-file", "ssh-trust/keys", "ssh-trust/files"] {
                how["\(step) on \(host)"] = "was so"
            }
            guard stop >= .mkqdisk else { continue }
            for step in ["iscsi-discover", "iscsi-login", "iscsi-automatic"] {
                how["\(step) on \(host)"] = "was so"
            }
        }
        how["create on master"] = "was so"
        guard stop >= .join else { return how }
        how["udpu on master"] = "was so"
        how["udpu-restart on master"] = "not needed"
        how["join on slave"] = "was so"
        guard stop >= .mkqdisk else { return how }
        how["partition on master"] = "was so"
        how["mkqdisk on master"] = "was so"
        how["slave-sees on master"] = "was so"
        return how
    }

    @Test(.timeLimit(.minutes(3)), arguments: Stop.allCases)
    func whatWasDoneByHandIsAdoptedAndTheRestIsDone(_ stop: Stop) throws {
        let story = try LabStory()
        try Self.prepare(story, upTo: stop)
        let before = try story.onceOnly()
        let run = try story.events()
        #expect(run.status == 0, "\(run.failures) \(run.errors)")
        for (unit, how) in Self.adopted(upTo: stop) { #expect(run.settled[unit] == how, "\(unit)") }
        // Nothing that happens once has happened again, and what was missing has happened.
        #expect(try story.onceOnly() == LabStory.once)
        #expect(try story.onceOnly().merging(before) { $1 } == LabStory.once)
        #expect(
            try story.program("verify", story.runbook, "--site", story.site, "--state", story.state).status
                == 0)
        let clustat = try story.shell("pve2", "clustat")
        #expect(clustat.output.contains("Member Status: Quorate"))
        #expect(clustat.output.contains("Online, Quorum Disk"))
    }
}

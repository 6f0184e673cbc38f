import Glibc
import Testing

@testable import RunbookLab

/// The steps of the two-node procedure on real practice nodes: files, ssh, openssl are real there.
@Suite(.serialized, .enabled(if: labIsPossible), .timeLimit(.minutes(2))) struct ClusterRealLabTests {
    static let lun = ClusterDiskTests.lun

    /// Waits up to ten seconds of the wall's clock for a command to succeed.
    private func until(_ lab: RealLab, _ node: String, _ command: String) -> Bool {
        for _ in 0..<100 {
            if lab.ssh(node, command).status == 0 { return true }
            usleep(100_000)
        }
        return false
    }

    private func expect(
        _ lab: RealLab, _ node: String, _ command: String, _ location: SourceLocation = #_sourceLocation
    ) {
        let result = lab.ssh(node, command)
        #expect(result.status == 0, "\(node): \(command)\n\(result.output)", sourceLocation: location)
    }

    @Test func twoNodesBecomeACluster() throws {
        let lab = try RealLab()
        for (node, peer, address) in [("pve1", "pve2", "192.168.0.12"), ("pve2", "pve1", "192.168.0.11")] {
            expect(lab, node, "test -L /etc/pve/local && pveversion | grep -q '^pve-manager/3\\.4'")
            expect(lab, node, "echo '\(address) \(peer)' >> /etc/hosts")
            expect(lab, node, "ssh-keyscan \(peer) \(address) 2>/dev/null >> /root/.ssh/known_hosts")
            expect(lab, node, "test -s /root/.ssh/id_rsa.pub && test -L /root/.ssh/authorized_keys")
            let key = lab.ssh(node, "cat /root/.ssh/id_rsa.pub").output
            expect(lab, peer, "echo '\(key)' >> /root/.ssh/authorized_keys")
        }
        expect(lab, "pve2", "ssh -o BatchMode=yes root@pve1 uname -n | grep -qx pve1")
        expect(lab, "pve1", "pvecm create homelab")
        #expect(until(lab, "pve1", "touch /etc/pve/x && rm /etc/pve/x"))
        expect(
            lab, "pve1",
            "sed -i 's/<cman /<cman transport=\"udpu\" /; s/config_version=\"1\"/config_version=\"2\"/' "
                + "/etc/pve/cluster.conf")
        #expect(until(lab, "pve1", "grep -q udpu /etc/cluster/cluster.conf"))
        expect(lab, "pve1", "test ! /var/run/cman.pid -nt /etc/cluster/cluster.conf && service cman restart")
        expect(lab, "pve1", "test /var/run/cman.pid -nt /etc/cluster/cluster.conf")
        #expect(until(lab, "pve1", "touch /etc/pve/x && rm /etc/pve/x"))
        expect(lab, "pve2", "pvecm add pve1")
        for node in ["pve1", "pve2"] {
            #expect(until(lab, node, "cman_tool nodes | grep -c ' M ' | grep -qx 2"))
            expect(lab, node, "openssl verify -CAfile /etc/pve/pve-root-ca.pem /etc/pve/local/pve-ssl.pem")
            #expect(
                until(
                    lab, node,
                    "timeout 5 openssl s_client -connect 127.0.0.1:8006 </dev/null 2>/dev/null | "
                        + "openssl x509 -noout -subject | grep -q 'CN *= *\(node)'"))
            expect(lab, node, "ssh -o BatchMode=yes root@\(node == "pve1" ? "pve2" : "pve1") true")
            expect(
                lab, node, "touch /etc/pve/x && rm /etc/pve/x && grep -q '\"online\": 1' /etc/pve/.members")
        }
        quorumDisk(lab)
        fencing(lab)
        let effects = lab.effects
        for name in ["pvecm create", "pvecm add", "mkqdisk -c", "activate"] {
            #expect(effects.count { $0.contains("\"effect\":\"\(name)\"") } == 1, "\(name)")
        }
    }

    private func quorumDisk(_ lab: RealLab) {
        let record = "iscsiadm -m node -T \(ClusterBed.iqn) -p 192.168.0.20:3260"
        for node in ["pve1", "pve2"] {
            expect(
                lab, node,
                "perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(PeerAddr => $ARGV[0], Timeout => 5) ? 0 : 1)' 192.168.0.20:3260"
            )
            expect(
                lab, node, "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260 && \(record) --login")
            expect(lab, node, "\(record) -o update -n node.startup -v automatic && test -b \(Self.lun)")
            expect(
                lab, node, "test $(/lib/udev/scsi_id -g -u \(Self.lun)) = 36589cfc000000b7a3f5d1c9e8a4b2d10")
        }
        expect(lab, "pve1", "printf '2048,,83\\n' | sfdisk -uS \(Self.lun) && test -b \(Self.lun)-part1")
        expect(lab, "pve2", "test ! -b \(Self.lun)-part1")
        expect(lab, "pve1", "echo y | mkqdisk -c \(Self.lun)-part1 -l proxmox1_qdisk")
        expect(lab, "pve2", "blockdev --rereadpt \(Self.lun) && test -b \(Self.lun)-part1")
        expect(lab, "pve2", "mkqdisk -f proxmox1_qdisk | grep -q '^\(Self.lun)-part1:$'")
        let config = ClusterBed.fullConfig(version: 4).replacing("<cman ", with: "<cman transport=\"udpu\" ")
        expect(lab, "pve1", "cat > /etc/pve/cluster.conf.new <<'END'\n\(config)END\n")
        expect(lab, "pve1", "ccs_config_validate -v -f /etc/pve/cluster.conf.new")
        expect(lab, "pve1", "pvesh create /cluster/ha/changes")
        for node in ["pve1", "pve2"] {
            #expect(until(lab, node, "cman_tool version | grep -q ' 4$'"))
        }
        for node in ["pve1", "pve2"] {
            expect(lab, node, "service rgmanager stop && service cman reload")
            #expect(until(lab, node, "cman_tool status | grep -qx 'Quorum device votes: 1'"))
        }
        for node in ["pve1", "pve2"] {
            #expect(until(lab, node, "cman_tool status | grep -qx 'Total votes: 3'"))
        }
    }

    private func fencing(_ lab: RealLab) {
        for node in ["pve1", "pve2"] {
            expect(lab, node, "sed -i 's/^# FENCE_JOIN/FENCE_JOIN/' /etc/default/redhat-cluster-pve")
            expect(lab, node, "service cman restart && fence_tool join && service pve-cluster restart")
            #expect(until(lab, node, "touch /etc/pve/x && rm /etc/pve/x"))
        }
        for node in ["pve1", "pve2"] {
            #expect(until(lab, node, "fence_tool ls | grep -q 'member count  2'"))
        }
        for node in ["pve1", "pve2"] { expect(lab, node, "service rgmanager restart") }
        for node in ["pve1", "pve2"] {
            #expect(until(lab, node, "clustat | grep -q '^ \(node) .* Online, Local, rgmanager$'"))
        }
    }

    @Test func withoutQuorumEtcPVECannotBeWritten() throws {
        let lab = try RealLab()
        expect(lab, "pve1", "pvecm create homelab")
        #expect(until(lab, "pve1", "touch /etc/pve/x && rm /etc/pve/x"))
        expect(lab, "pve1", "service cman stop")
        let result = lab.ssh("pve1", "touch /etc/pve/x")
        #expect(result.status == 1)
        expect(lab, "pve1", "grep -q homelab /etc/pve/cluster.conf && service cman start")
        #expect(until(lab, "pve1", "touch /etc/pve/x && rm /etc/pve/x"))
    }

    @Test func aSnapshotOfARunningClusterComesBack() throws {
        let lab = try RealLab()
        expect(lab, "pve1", "pvecm create homelab")
        #expect(until(lab, "pve1", "touch /etc/pve/x && rm /etc/pve/x"))
        expect(lab, "pve1", "sed -i 's/config_version=\"1\"/config_version=\"2\"/' /etc/pve/cluster.conf")
        #expect(until(lab, "pve1", "cman_tool version | grep -q ' 2$'"))
        try lab.process.takeSnapshot("before")
        expect(lab, "pve1", "service cman restart && test /var/run/cman.pid -nt /etc/cluster/cluster.conf")
        expect(lab, "pve1", "service cman stop && rm /etc/cluster/cluster.conf")
        try lab.process.restoreSnapshot("before")
        expect(lab, "pve1", "service cman status && cman_tool version | grep -q ' 2$'")
        expect(lab, "pve1", "test ! /var/run/cman.pid -nt /etc/cluster/cluster.conf && touch /etc/pve/x")
        #expect(
            until(
                lab, "pve1", "timeout 5 openssl s_client -connect 127.0.0.1:8006 </dev/null >/dev/null 2>&1"))
    }

    @Test func aRebootedNodeComesBack() throws {
        let lab = try RealLab()
        expect(lab, "pve1", "pvecm create homelab")
        let before = lab.ssh("pve1", "cat /proc/sys/kernel/random/boot_id").output
        expect(lab, "pve1", "reboot")
        #expect(until(lab, "pve1", "test \"$(cat /proc/sys/kernel/random/boot_id)\" != '\(before)'"))
        #expect(until(lab, "pve1", "service cman status && touch /etc/pve/x"))
    }
}

/// A lab with the cluster's model, in a folder of its own.
final class RealLab {
    let folder: String
    let process: LabProcess
    let site: LabSite

    init(_ profile: LabProfile = .pve34TwoNodes) throws {
        folder = "/tmp/runbook-lab-\(UInt32.random(in: 0 ... .max))"
        try HostFiles.makeFolder(folder, mode: 0o700)
        let file = folder + "/profile.yaml"
        try HostFiles.write(file, profile.yaml)
        process = LabProcess(folder: folder)
        do throws(LabFailure) {
            site = try process.up(layout: profile.layout, profile: file, programs: try TestLab.programs())
        } catch {
            let log = HostFiles.readText(folder + "/lab.log") ?? ""
            HostFiles.empty(folder)
            throw LabFailure(error.code, error.message + "\n" + log)
        }
    }

    deinit {
        process.down()
        HostFiles.empty(folder)
        unsafe rmdir(folder)
    }

    var effects: [String] {
        (HostFiles.readText(folder + "/effects.jsonl") ?? "").split(separator: "\n").map(String.init)
    }

    func ssh(_ node: String, _ command: String) -> (status: Int32, output: String) {
        guard let host = site.nodes.first(where: { $0.name == node }) else { return (255, "no such node") }
        let known = folder + "/known_hosts." + node
        let key = HostFiles.readText(folder + "/nodes/\(node)/etc/ssh/ssh_host_ed25519_key.pub") ?? ""
        try? HostFiles.write(known, "[127.0.0.1]:\(host.port) \(key)")
        return Programs.shared.run([
            "ssh", "-F", "none", "-i", site.identity, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o",
            "UserKnownHostsFile=\(known)", "-o", "StrictHostKeyChecking=yes", "-o",
            "GlobalKnownHostsFile=none",
            "-o", "ConnectTimeout=10", "-p", "\(host.port)", "root@127.0.0.1", command,
        ])
    }
}

import Testing

@testable import RunbookLab

@Suite(.timeLimit(.minutes(1))) struct ClusterDiskTests {
    static let iqn = ClusterBed.iqn
    static let lun = "/dev/disk/by-path/ip-192.168.0.20:3260-iscsi-\(iqn)-lun-0"
    static let byID = "/dev/disk/by-id/scsi-36589cfc000000b7a3f5d1c9e8a4b2d10"
    static let interface = "[iface: default, target: \(iqn), portal: 192.168.0.20,3260]"

    func logIn(_ bed: ClusterBed, _ node: String) async {
        await bed.run(node, "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260")
        await bed.run(node, "iscsiadm -m node -T \(Self.iqn) -p 192.168.0.20:3260 --login")
    }

    @Test func discoveryLoginSessionLogout() async {
        let bed = await ClusterBed()
        let record = "iscsiadm -m node -T \(Self.iqn) -p 192.168.0.20:3260"
        #expect(await bed.run("pve1", record) == .complains("iscsiadm: No records found", 21))
        #expect(
            await bed.run("pve1", "iscsiadm -m session") == .complains("iscsiadm: No active sessions.", 21))
        #expect(
            await bed.run("pve1", "iscsiadm -m discovery -t st -p 192.168.0.20")
                == .prints("192.168.0.20:3260,1 \(Self.iqn)\n"))
        #expect(bed.nodes.devices("pve1") == [])
        #expect(
            await bed.run("pve1", record + " --login")
                == .prints(
                    "Logging in to \(Self.interface) (multiple)\nLogin to \(Self.interface) successful.\n"))
        #expect(await bed.run("pve1", record + " --login") == .silent)
        #expect(
            bed.nodes.devices("pve1") == [
                BlockDevice(path: "/dev/sdb", links: [Self.byID, Self.lun], major: 8, minor: 16)
            ])
        #expect(
            await bed.run("pve1", "iscsiadm -m session")
                == .prints("tcp: [1] 192.168.0.20:3260,1 \(Self.iqn)\n"))
        #expect(
            await bed.run("pve1", "iscsiadm -m session -R")
                == .prints("Rescanning session [sid: 1, target: \(Self.iqn), portal: 192.168.0.20,3260]\n"))
        #expect(
            await bed.run("pve1", "iscsiadm -m node -T \(Self.iqn) -u")
                == .prints(
                    """
                    Logging out of session [sid: 1, target: \(Self.iqn), portal: 192.168.0.20,3260]
                    Logout of [sid: 1, target: \(Self.iqn), portal: 192.168.0.20,3260] successful.

                    """))
        #expect(bed.nodes.devices("pve1") == [])
        #expect(bed.effects.count("iscsi login") == 1)
    }

    @Test func discoveryResetsTheStartup() async {
        let bed = await ClusterBed()
        let record = "iscsiadm -m node -T \(Self.iqn) -p 192.168.0.20:3260"
        func startup() async -> [Substring] {
            await bed.run("pve1", record).out.split(separator: "\n").filter { $0.hasPrefix("node.startup") }
        }
        await logIn(bed, "pve1")
        #expect(await startup() == ["node.startup = manual"])
        #expect(await bed.run("pve1", record + " -o update -n node.startup -v automatic") == .silent)
        #expect(await startup() == ["node.startup = automatic"])
        await bed.run("pve1", "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260")
        #expect(await startup() == ["node.startup = manual"])
    }

    @Test func aRefusingNASIsReportedWithExitFour() async {
        let bed = await ClusterBed()
        #expect(await bed.model.setFault("iscsi_refused", to: "on"))
        let refusal = "iscsiadm: cannot make connection to 192.168.0.20: Connection refused\n"
        #expect(
            await bed.run("pve1", "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260")
                == Output(
                    status: 4, out: "",
                    err: String(repeating: refusal, count: 6)
                        + "iscsiadm: connection login retries (reopen_max) 5 exceeded\n"
                        + "iscsiadm: Could not perform SendTargets discovery: encountered connection failure\n"
                ))
        #expect(await bed.model.setFault("iscsi_refused", to: "off"))
        #expect(await bed.model.setFault("initiator_refused", to: "pve1"))
        #expect(
            await bed.run("pve1", "iscsiadm -m discovery -t sendtargets -p 192.168.0.20:3260")
                == .complains("iscsiadm: No portals found", 21))
    }

    @Test func aNodeThatBootsLogsInByItselfOnlyWhenItIsAutomatic() async {
        let bed = await ClusterBed()
        await logIn(bed, "pve1")
        await bed.crash("pve1")
        await bed.boot("pve1")
        #expect(await bed.run("pve1", "iscsiadm -m session").status == 21)
        await bed.run("pve1", "iscsiadm -m node -T \(Self.iqn) -o update -n node.startup -v automatic")
        await bed.crash("pve1")
        await bed.boot("pve1")
        #expect(await bed.run("pve1", "iscsiadm -m session").status == 0)
        #expect(bed.nodes.devices("pve1").map(\.path) == ["/dev/sdb"])
    }

    @Test func aPartitionIsSeenOnANodeOnlyAfterItReadTheTableAgain() async {
        let bed = await ClusterBed()
        for node in ["pve1", "pve2"] { await logIn(bed, node) }
        #expect(await bed.run("pve1", "blockdev --getsize64 \(Self.lun)") == .prints("16777216\n"))
        #expect(
            await bed.run("pve1", "scsi_id -g -u \(Self.lun)")
                == .prints("36589cfc000000b7a3f5d1c9e8a4b2d10\n"))
        #expect(await bed.run("pve1", "blkid -p \(Self.lun)") == .prints("", 2))
        #expect(await bed.run("pve1", "lsblk -ndo SIZE,TYPE \(Self.lun)") == .prints("  16M disk\n"))
        #expect(await bed.run("pve1", "sfdisk -uS \(Self.lun)", stdin: "2048,,83\n").status == 0)
        #expect(bed.nodes.devices("pve1").map(\.path) == ["/dev/sdb", "/dev/sdb1"])
        #expect(bed.nodes.devices("pve1").last?.links == [Self.byID + "-part1", Self.lun + "-part1"])
        #expect(bed.nodes.devices("pve2").map(\.path) == ["/dev/sdb"])
        #expect(await bed.run("pve2", "iscsiadm -m session -R").status == 0)
        #expect(bed.nodes.devices("pve2").map(\.path) == ["/dev/sdb"])
        #expect(await bed.run("pve2", "blockdev --rereadpt \(Self.lun)") == .silent)
        #expect(await bed.run("pve2", "udevadm settle") == .silent)
        #expect(bed.nodes.devices("pve2").map(\.path) == ["/dev/sdb", "/dev/sdb1"])
        #expect(
            await bed.run("pve2", "lsblk")
                == .prints(
                    """
                    NAME   MAJ:MIN RM  SIZE RO TYPE MOUNTPOINT
                    sdb       8:16  0   16M  0 disk\u{20}
                    └─sdb1    8:17  0   15M  0 part\u{20}

                    """))
        #expect(await bed.run("pve1", "blkid -p /dev/sdb") == .prints("/dev/sdb: PTTYPE=\"dos\" \n"))
    }

    /// libblkid tells a partition's table entry, and then exits 0, also when nothing is on it
    /// (blkid_partitions_probe_partition): an empty partition is not "nothing found".
    @Test func anEmptyPartitionStillHasItsEntry() async {
        let bed = await ClusterBed()
        await logIn(bed, "pve1")
        await bed.run("pve1", "sfdisk -uS /dev/sdb", stdin: "2048,,83\n")
        #expect(
            await bed.run("pve1", "blkid -p /dev/sdb1")
                == .prints(
                    """
                    /dev/sdb1: PART_ENTRY_SCHEME="dos" PART_ENTRY_TYPE="0x83" PART_ENTRY_NUMBER="1" \
                    PART_ENTRY_OFFSET="2048" PART_ENTRY_SIZE="30720" PART_ENTRY_DISK="8:16"\u{20}

                    """))
        #expect(await bed.run("pve1", "blkid -p -o value -s TYPE -s PTTYPE /dev/sdb1") == .silent)
        #expect(await bed.run("pve1", "blkid -c /dev/null /dev/sdb1") == .prints("", 2))
    }

    @Test func aBusyTableIsReadAgainAfterANewLogin() async {
        let bed = await ClusterBed()
        for node in ["pve1", "pve2"] { await logIn(bed, node) }
        await bed.run("pve1", "sfdisk -uS /dev/sdb", stdin: "2048,,83\n")
        #expect(await bed.model.setFault("slave_sees_no_partition", to: "pve2"))
        #expect(
            await bed.run("pve2", "blockdev --rereadpt /dev/sdb")
                == .complains("blockdev: ioctl error on BLKRRPART: Device or resource busy", 1))
        await bed.run("pve2", "iscsiadm -m node -T \(Self.iqn) -u")
        await bed.run("pve2", "iscsiadm -m node -T \(Self.iqn) --login")
        #expect(bed.nodes.devices("pve2").map(\.path) == ["/dev/sdb", "/dev/sdb1"])
    }

    static let blocks = (1...16).map { "Initializing status block for node \($0)...\n" }.joined()

    static func listing(_ label: String, created: String) -> String {
        """
        mkqdisk v3.2.0

        \(byID)-part1:
        \(lun)-part1:
        /dev/sdb1:
        \tMagic:                eb7a62c2
        \tLabel:                \(label)
        \tCreated:              \(created)
        \tHost:                 pve1
        \tKernel Sector Size:   512
        \tRecorded Sector Size: 512


        """
    }

    @Test func mkqdiskAsksAndLiesAboutTheAnswer() async {
        let bed = await ClusterBed()
        for node in ["pve1", "pve2"] { await logIn(bed, node) }
        await bed.run("pve1", "sfdisk -uS /dev/sdb", stdin: "2048,,83\n")
        let asks = { (label: String) in
            "mkqdisk v3.2.0\n\nWriting new quorum disk label '\(label)' to /dev/sdb1.\n"
                + "WARNING: About to destroy all data on /dev/sdb1; proceed [N/y] ? "
        }
        #expect(await bed.run("pve1", "mkqdisk -L") == .prints("mkqdisk v3.2.0\n\n"))
        for answer in ["", "n\n", "Y\n"] {
            #expect(
                await bed.run("pve1", "mkqdisk -c /dev/sdb1 -l q1", stdin: answer)
                    == .prints(asks("q1") + "Good thinking.\n"))
        }
        #expect(bed.effects.count("mkqdisk -c") == 0)
        #expect(
            await bed.run("pve1", "mkqdisk -c /dev/sdb1 -l q1", stdin: "y\n")
                == .prints(asks("q1") + Self.blocks))
        #expect(bed.effects.count("mkqdisk -c") == 1)
        let (made, times) = await bed.runTelling("pve1", "mkqdisk -c /dev/sdb1 -l q2", stdin: "y\n")
        #expect(
            made
                == .prints(
                    asks("q2") + "Warning: Initializing previously initialized partition\n" + Self.blocks))
        let listed = await bed.run("pve1", "mkqdisk -f q2")
        #expect(times.map { .prints(Self.listing("q2", created: $0)) }.contains(listed))
        #expect(await bed.run("pve1", "mkqdisk -f q1") == .prints("mkqdisk v3.2.0\n\n", 255))
        #expect(await bed.run("pve2", "mkqdisk -f q2") == .prints("mkqdisk v3.2.0\n\n", 255))
        await bed.run("pve2", "partprobe /dev/sdb")
        #expect(await bed.run("pve2", "mkqdisk -f q2") == listed)
    }

    @Test func mkqdiskIsSilentAboutASmallOrMissingDevice() async {
        let bed = await ClusterBed()
        #expect(await bed.model.setFault("lun_too_small", to: "on"))
        await logIn(bed, "pve1")
        #expect(await bed.run("pve1", "blockdev --getsize64 /dev/sdb") == .prints("65536\n"))
        for device in ["/dev/sdb", "/dev/sdc"] {
            #expect(
                await bed.run("pve1", "mkqdisk -c \(device) -l q", stdin: "y\n")
                    == .prints(
                        "mkqdisk v3.2.0\n\nWriting new quorum disk label 'q' to \(device).\n"
                            + "WARNING: About to destroy all data on \(device); proceed [N/y] ? ", 255))
        }
        #expect(bed.effects.count("mkqdisk -c") == 0)
    }
}

/// The commands that ask the lab, and who answers them.
enum CommandTable {
    static let names = [
        "blkid", "blockdev", "ccs_config_validate", "ccs_tool", "clustat", "clusvcadm", "cman_tool", "fdisk",
        "fence_ack_manual", "fence_tool", "halt", "iscsiadm", "lsblk", "mkqdisk", "omping", "parted",
        "partprobe", "poweroff", "pvecm", "pvesh", "pveversion", "qm", "reboot", "scsi_id", "service",
        "sfdisk", "shutdown", "udevadm", "umount", "uname", "vzlist",
    ]

    static let initScripts = [
        "clvm", "cman", "open-iscsi", "pve-cluster", "pvedaemon", "pveproxy", "rgmanager", "ssh",
    ]
}

extension ClusterModel {
    func dispatch(_ caller: Caller) async throws -> Int32 {
        let name = caller.call.name
        switch name {
        case _ where CommandTable.initScripts.contains(name):
            return try await initScript(name, caller.arguments, caller)
        case "service": return try await service(caller)
        case "pvecm": return try await pvecm(caller)
        case "cman_tool": return try await cmanTool(caller)
        case "fence_tool": return try await fenceTool(caller)
        case "fence_ack_manual": return try await fenceAckManual(caller)
        case "clustat": return try await clustat(caller)
        case "clusvcadm": return try await clusvcadm(caller)
        case "mkqdisk": return try await mkqdisk(caller)
        case "iscsiadm": return try await iscsiadm(caller)
        case "ccs_config_validate": return try await ccsConfigValidate(caller)
        case "ccs_tool": return try await ccsTool(caller)
        case "pvesh": return try await pvesh(caller)
        case "qm", "vzlist": return try await guestCommand(caller)
        case "omping": return try await omping(caller)
        case "blkid", "blockdev", "fdisk", "lsblk", "parted", "partprobe", "scsi_id", "sfdisk", "udevadm":
            return try await diskCommand(caller)
        default: return try await baseCommand(caller)
        }
    }
}

import RunbookYAML

/// Commands that say yes when the thing is not so, with what tells the truth. Seen on Proxmox VE 3.4
/// (redhat-cluster 3.2, rgmanager 3.2, pve-manager 3.4).
enum KnownLiars {
    struct Lie {
        var headline: String
        var remedy: String
    }

    /// A verb whose exit status 0 does not mean that it worked.
    static func issued(_ command: ShellCommand) -> Lie? {
        let words = command.arguments
        let action = CommandEffects.serviceAction(of: command)
        if command.name == "pvecm", words.first == "create" {
            return Lie(
                headline: "`pvecm create` ends with 0 also when cman did not start",
                remedy: "ask `cman_tool status` for `^Membership state: Cluster-Member$`")
        }
        if command.name == "mkqdisk", words.contains("-c") {
            return Lie(
                headline: "`mkqdisk -c` ends with 0 also when it was not told `y` and wrote nothing",
                remedy: "ask `mkqdisk -f LABEL` for the device")
        }
        if action?.service == "rgmanager", ["start", "restart"].contains(action?.action) {
            return Lie(
                headline:
                    "the start of rgmanager says OK, and the daemon dies a second later outside the fence domain",
                remedy: "ask `service rgmanager status` with `hold: 10s`, and `clustat`")
        }
        if command.name == "fence_tool", words.first == "join" {
            return Lie(
                headline: "`fence_tool join` ends with 0 as soon as it has asked to join",
                remedy: "ask `fence_tool ls` for `^fence domain$`")
        }
        if command.name == "pvesh", words.first == "create", words.contains("/cluster/ha/changes") {
            return Lie(
                headline:
                    "the activation answers 200 OK also when config_version was not raised and nothing is activated",
                remedy: "ask every node for the running configuration: `cman_tool version`")
        }
        return nil
    }

    /// A question whose yes says too little.
    static func asked(_ command: ShellCommand, _ question: YAMLNode) -> Lie? {
        let words = command.arguments
        let judges = question["match"] != nil || question["none"] != nil
        if ["nc", "ncat", "netcat"].contains(command.name),
            words.contains(where: { $0.hasPrefix("-") && $0.contains("z") })
        {
            return portOpen
        }
        if command.program.contains(where: { $0.text.hasPrefix("/dev/tcp/") })
            || command.targets.contains(where: { $0.text.hasPrefix("/dev/tcp/") })
        {
            return portOpen
        }
        let action = CommandEffects.serviceAction(of: command)
        if action?.service == "rgmanager", action?.action == "status", question["hold"] == nil,
            question["no_exit"] == nil, !judges
        {
            return Lie(
                headline: "rgmanager that was just started may be dead a second later",
                remedy: "add `hold: 10s`, so that a yes must still be one after that time")
        }
        return nil
    }

    private static let portOpen = Lie(
        headline: "an open port says only that something listens, not that it works",
        remedy: "ask the service something and judge the answer with `match`")
}

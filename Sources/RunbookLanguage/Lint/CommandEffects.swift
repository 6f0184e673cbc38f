/// Commands that change something, as far as a name and its arguments tell.
enum CommandEffects {
    /// The part of the command that tells; nil for one that only looks, or is not known.
    static func effect(of command: ShellCommand) -> String? {
        let (name, arguments) = (command.name, command.arguments)
        if always.contains(name) || name.hasPrefix("mkfs") { return name }
        if let words = verbs[name], let verb = arguments.first(where: { words.contains($0) }) {
            return "\(name) \(verb)"
        }
        if let options = options[name], let option = arguments.first(where: { isOne($0, of: options) }) {
            return "\(name) \(option)"
        }
        return serviceAction(of: command).flatMap {
            changing.contains($0.action) ? "\(name) \($0.action)" : nil
        }
    }

    /// What is done to a service: `service X restart`, `systemctl restart X`, `/etc/init.d/X restart`.
    static func serviceAction(of command: ShellCommand) -> (service: String, action: String)? {
        let words = command.arguments.filter { !$0.hasPrefix("-") }
        switch command.name {
        case "service", "invoke-rc.d", "rc-service":
            return words.count >= 2 ? (words[0], words[1]) : nil
        case "systemctl":
            return words.first.map { (words.dropFirst().first ?? "", $0) }
        default:
            guard let path = command.program.first?.text, path.hasPrefix("/etc/init.d/") else { return nil }
            return words.first.map { (command.name, $0) }
        }
    }

    static let changing: Set<String> = [
        "start", "stop", "restart", "reload", "force-reload", "try-restart", "reload-or-restart", "enable",
        "disable",
        "mask", "unmask", "kill", "isolate", "daemon-reload", "reboot", "poweroff",
    ]
    /// After these a service is away for a moment.
    static let interrupting: Set<String> = [
        "stop", "restart", "reload", "force-reload", "try-restart", "reload-or-restart", "reboot", "poweroff",
    ]

    private static func isOne(_ argument: String, of options: [String]) -> Bool {
        options.contains { argument == $0 || argument.hasPrefix("\($0)=") }
            || (argument.hasPrefix("-") && !argument.hasPrefix("--")
                && options.contains { $0.count == 2 && argument.dropFirst().contains($0.dropFirst()) })
    }

    private static let always: Set<String> = [
        "rm", "mv", "tee", "cp", "ln", "mkdir", "rmdir", "touch", "chmod", "chown", "chgrp", "install",
        "truncate",
        "dd",
        "kill", "pkill", "killall", "reboot", "shutdown", "poweroff", "halt", "useradd", "userdel", "usermod",
        "passwd",
        "mkswap", "shred", "ssh-copy-id", "adduser", "deluser", "groupadd",
    ]

    private static let verbs: [String: Set<String>] = [
        "apt-get": ["install", "remove", "purge", "upgrade", "dist-upgrade", "autoremove", "update"],
        "apt": ["install", "remove", "purge", "upgrade", "full-upgrade", "autoremove", "update"],
        "pvecm": ["create", "add", "addnode", "delnode", "updatecerts", "expected"],
        "pvesh": ["create", "set", "delete"],
        "qm": ["start", "stop", "shutdown", "migrate", "destroy", "create", "set", "reset"],
        "pct": ["start", "stop", "shutdown", "migrate", "destroy", "create", "set"],
        "fence_tool": ["join", "leave"],
        "cman_tool": ["join", "leave", "kill", "expected"],
        "ip": ["add", "del", "delete", "set", "flush", "replace"],
        "zpool": ["create", "destroy", "add", "attach", "detach", "scrub"],
        "zfs": ["create", "destroy", "set", "rollback"],
    ]

    private static let options: [String: [String]] = [
        "sed": ["-i", "--in-place"],
        "perl": ["-i"],
        "mkqdisk": ["-c"],
        "iscsiadm": ["--login", "--logout", "-u"],
        "wipefs": ["-a", "--all"],
        "dpkg": ["-i", "--install", "--remove", "--purge"],
        "hostnamectl": ["set-hostname"],
    ]
}

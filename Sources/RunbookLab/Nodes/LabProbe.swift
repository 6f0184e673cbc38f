/// Finds out why a lab cannot start on this machine, and says what would help.
package enum LabProbe {
    /// What is missing, each with its remedy; empty when a lab should work.
    package static func missing() -> [String] {
        let tools = [
            ("bwrap", "bubblewrap"), ("ip", "iproute2"), ("unshare", "util-linux"),
            ("ssh-keygen", "openssh-client"), ("ssh", "openssh-client"), ("bash", "bash"),
        ]
        var problems = tools.filter { !isOnPath($0.0) }.map {
            "`\($0.0)` is missing: apt-get install \($0.1)"
        }
        if HostFiles.linkTarget("/bin") == nil {
            problems.append("/bin is not a link to usr/bin: the lab needs a machine with a merged /usr")
        }
        guard problems.isEmpty else { return problems }
        if let problem = namespaceProblem() ?? networkProblem() ?? sandboxProblem() {
            problems.append(problem)
        }
        return problems
    }

    /// Folders in which the lab's own tools are looked for besides PATH: `ip` is in sbin.
    static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    private static func isOnPath(_ tool: String) -> Bool {
        folders.contains { HostFiles.exists($0 + "/" + tool) }
    }

    private static let namespaces = ["unshare", "-U", "-r", "-n", "-m", "-p", "-f", "--mount-proc"]

    private static func namespaceProblem() -> String? {
        let result = Programs.shared.run(namespaces + ["true"])
        if result.status == 0 { return nil }
        let said = result.output.split(separator: "\n").first.map(String.init) ?? "status \(result.status)"
        if HostFiles.readText("/proc/sys/user/max_user_namespaces") == "0\n" {
            return "user namespaces are turned off (\(said)): sysctl user.max_user_namespaces=10000"
        }
        if HostFiles.readText("/proc/sys/kernel/unprivileged_userns_clone") == "0\n" {
            return "user namespaces are for root only (\(said)): sysctl kernel.unprivileged_userns_clone=1"
        }
        if HostFiles.readText("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1\n" {
            return "AppArmor restricts user namespaces (\(said)): "
                + "sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        }
        return "user namespaces cannot be made (\(said)): a container must allow unshare and mount "
            + "(--security-opt seccomp=unconfined, or CAP_SYS_ADMIN)"
    }

    private static func networkProblem() -> String? {
        let commands = "ip link add veth0 type veth peer name veth1 && ip link add bridge0 type bridge"
        let result = Programs.shared.run(namespaces + ["sh", "-c", commands])
        if result.status == 0 { return nil }
        return "the kernel makes no veth or bridge (\(result.output.split(separator: "\n").first ?? "")): "
            + "modprobe veth bridge"
    }

    private static func sandboxProblem() -> String? {
        let result = Programs.shared.run(
            namespaces + ["bwrap", "--unshare-pid", "--cap-drop", "ALL", "--ro-bind", "/", "/", "true"])
        if result.status == 0 { return nil }
        return "bubblewrap cannot make a sandbox: \(result.output.split(separator: "\n").first ?? "")"
    }
}

/// A runbook that was checked: every name in it is known, every pattern compiles, every step is whole.
package struct Runbook: Hashable, Sendable {
    package var name: String
    package var version: String?
    package var title: String?
    package var description: String?
    package var inputs: [Input] = []
    package var hosts: [HostDeclaration] = []
    package var groups: [Group] = []
    package var environment: [EnvironmentEntry] = []
    /// Behind a finished run the next one begins, without being told.
    package var runsAgain = false
    /// Hints that hold for every step.
    package var hints: [Hint] = []
    package var steps: [Step] = []

    package init(name: String) { self.name = name }

    /// Every step that can be issued or asked, in order: blocks written out, their steps named `block/step`.
    package var allSteps: [Step] { steps.flatMap { $0.steps.isEmpty ? [$0] : $0.steps } }
}

package enum InputType: Hashable, Sendable {
    case string, integer, boolean, ipv4, hostname, path
    case choice([String])
    case duration
}

package struct Input: Hashable, Sendable {
    package var name: String
    package var type: InputType
    /// A POSIX extended regular expression that the whole value must match.
    package var pattern: String?
    package var defaultValue: Value?
    package var isOptional = false
    package var isSecret = false
    package var title: String?
    package init(name: String, type: InputType) {
        self.name = name
        self.type = type
    }
}

package struct HostDeclaration: Hashable, Sendable {
    package var id: HostID
    package var title: String?
    package var user: String?
    /// What the site file must say of this host, beside its address. The group's inputs are included.
    package var inputs: [Input] = []
    package init(id: HostID) { self.id = id }
}

package struct Group: Hashable, Sendable {
    package var name: String
    package var members: [HostID]
    /// How many hosts the site file may name; nil: the runbook names them.
    package var limits: ClosedRange<Int>?
    package init(name: String, members: [HostID]) {
        self.name = name
        self.members = members
    }
}

/// Where a secret comes from; only a site file says it.
package enum SecretSource: Hashable, Sendable {
    /// The person at the terminal types it.
    case prompt
    /// A variable of the program's own environment.
    case environment(String)
    /// A file that only its owner can read; without its last newline.
    case file(String)
    /// What a command on this machine prints; without its last newline.
    case command(String)
    /// Stands in the site file of practice nodes: nobody's secret.
    case practice(String)
}

/// This homelab's values, from the site file, with the defaults of the runbook filled in.
package struct Site: Hashable, Sendable {
    package var runbook: String
    /// A secret that was not fetched is `***` here.
    package var inputs: [String: Value]
    package var hosts: [HostID: SiteHost]
    /// Of each secret input that has a value.
    package var secrets: [String: SecretSource] = [:]
    /// How much faster than the clock the hosts' time runs; above one only for practice nodes.
    package var clockFactor = 1.0
    /// What stands in place of a secret.
    package static let hiddenSecret = "***"

    package init(runbook: String, inputs: [String: Value], hosts: [HostID: SiteHost]) {
        self.runbook = runbook
        self.inputs = inputs
        self.hosts = hosts
    }
}

/// What ~/.ssh/config can say of a host in place of the site file.
package enum SSHSetting: Sendable, Hashable, CaseIterable { case name, user, port, identity, jump }

/// Which keys are tried beside the site file's own.
package struct Identities: Hashable, Sendable {
    /// Nil: the usual ones in ~/.ssh. Those that are not there are passed over.
    package var files: [String]?
    /// Whether keys that only the agent holds are left out.
    package var isExclusive = false
    package init() {}
}

/// How a host is reached, and what the site file says of it.
package struct SiteHost: Hashable, Sendable {
    /// A name or an address, without user and port.
    package var address: String
    package var port: UInt16 = 22
    package var user: String = "root"
    /// `SHA256:…`, each of which may be shown by the host; empty: known_hosts decides.
    package var hostKeys: [String] = []
    /// A private key file to try first.
    package var identity: String?
    /// The key files of ~/.ssh/config.
    package var identities = Identities()
    /// What ~/.ssh/config may say, since the site file does not; empty: it is not read.
    package var leftToSSHConfig: Set<SSHSetting> = []
    /// The user that everything is done as; nil: who logs in.
    package var runAs: String?
    /// The hosts to go through, the first of them first; none of them has jumps of its own.
    package var jumps: [SiteHost] = []
    /// Allows ssh-rsa (SHA-1) for host and user keys, for machines as old as PVE 3.4's OpenSSH 6.0.
    package var allowsLegacySSH = false
    /// What the runbook asks of this host (`node`, `ip`).
    package var attributes: [String: Value] = [:]
    package init(address: String) { self.address = address }

    /// The user that everything is done as.
    package var worker: String { runAs ?? user }
}

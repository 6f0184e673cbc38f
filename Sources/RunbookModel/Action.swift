/// A step's verb.
package enum Action: Hashable, Sendable {
    case run(Script)
    /// A program and its arguments, without a shell.
    case argv([Template])
    /// A shell script beside the runbook, run as it is; the path is as a copy's.
    case script(path: String, shell: Script.Shell)
    /// The host goes down and comes back. Proven by another boot and a new connection, `within` the time.
    case reboot(within: TimeSetting)
    case copy(CopyAction)
    case edit(EditAction)
    case fetch(FetchAction)
    /// Makes root's key of this host where it is missing; the first half of `trust`. Its outputs
    /// `public_key` and `host_keys` are what the second half needs of every peer.
    case trustKeys(TrustAction)
    /// Writes the peers' public keys and host keys on this host; the second half of `trust`.
    case trustFiles(TrustAction)
    /// A person does it; the step's check ticks it off.
    case manual(Template)
    /// A person is asked; the answer is the output `answer`.
    case ask(AskAction)
}

/// A file put on the host, or a folder with all that is in it: byte exact, each file in place at once, with its mode.
package struct CopyAction: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A file beside the runbook; the path is relative to the runbook's folder and stays inside it.
        case file(path: String)
        /// A folder beside the runbook; the path is as a file's, without a slash at its end.
        case folder(path: String)
        case content(Template)
    }
    package var source: Source
    package var path: Template
    /// Of the file; of a folder's files, with x for whoever may read where the file here has it.
    package var mode: UInt32?
    /// `user` or `user:group`.
    package var owner: String?
    /// A command that must accept the new file before it is put in place; `%s` is its path.
    package var validate: Template?

    package init(source: Source, path: Template) {
        self.source = source
        self.path = path
    }
}

/// A file of the host that is brought to this machine, byte for byte.
package struct FetchAction: Hashable, Sendable {
    package var path: Template
    /// The folder that it is kept below; relative, and it stays inside.
    package var folder = "fetched"
    /// The longest file that is brought, in bytes: it travels and is kept as a whole.
    package static let lengthMax = 32 << 20
    package init(path: Template) { self.path = path }

    /// Whether a folder can be kept apart from those of runs.
    package static func isFolder(_ path: String) -> Bool {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        return names.first != "state" && names.allSatisfy { !$0.isEmpty && $0 != "." && !$0.contains("@") }
    }
}

/// A change of a config file: fetch, change, show the difference, back up, validate, put in place, re-read.
package struct EditAction: Hashable, Sendable {
    package enum Change: Hashable, Sendable {
        /// A line that must be there; with `match`, in place of the line that matches.
        case line(Template, match: Template?)
        /// Lines between two marker lines that carry `marker`.
        case block(Template, marker: String)
        case replace(pattern: Template, with: Template)
        case structured(StructuredChange)
    }
    package var path: Template
    /// Read this file instead and write `path`; nothing to do when it has all of the change already.
    package var from: Template?
    package var change: Change
    /// A missing file is an error unless it may be made.
    package var mayCreate = false
    package var validate: Template?

    package init(path: Template, change: Change) {
        self.path = path
        self.change = change
    }
}

/// Changes to a tree of elements and attributes, through an Augeas lens.
package struct StructuredChange: Hashable, Sendable {
    package struct Setting: Hashable, Sendable {
        /// `/cluster/cman/@transport`
        package var path: Template
        package var value: Template
        package init(path: Template, value: Template) {
            self.path = path
            self.value = value
        }
    }
    package var lens: String?
    package var set: [Setting] = []
    /// Elements that must exist (`{}` in the runbook).
    package var ensure: [Template] = []
    package var remove: [Template] = []
    /// Numbers that go up by one, only when something else changed.
    package var increment: [Template] = []
    package init() {}
}

/// Root SSH keys between hosts.
package struct TrustAction: Hashable, Sendable {
    package var peers: [HostID]
    package var user = "root"
    /// The key that the operator came in with is put on every peer.
    package var keepsOperator = false
    package init(peers: [HostID]) { self.peers = peers }
}

/// A question to the person at the terminal.
package struct AskAction: Hashable, Sendable {
    package var question: Template
    /// The answers that are taken; empty: any text.
    package var choices: [String] = []
    package init(question: Template) { self.question = question }
}

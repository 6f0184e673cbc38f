import RunbookDiagnostics
import RunbookDigest
import RunbookEngine
import RunbookFiles
import RunbookLanguage
import RunbookModel
import RunbookSSH
import RunbookTerminal
import RunbookText

/// A runbook with its site file, checked; or the exit status, after everything wrong was shown.
struct LoadedRunbook {
    var paths: RunbookPaths
    var plan: Plan
    /// The runbooks that this one uses.
    var usedPaths: [String] = []
    /// What ~/.ssh/config said of the hosts that leave it something to say.
    var sshConfig: [HostID: SSHConfig.Values] = [:]

    /// The longest runbook that is read: the language's own limit.
    private static let lengthMax = 4 << 20

    init(paths: RunbookPaths, plan: Plan) {
        self.paths = paths
        self.plan = plan
    }

    init(
        _ arguments: RunbookArguments, paths: RunbookPaths, overrides: [String: String], console: Console
    ) throws {
        let store = POSIXFileStore()
        let source = try Self.source(paths.runbook, store, console)
        let used = UsedRunbooks(beside: paths.runbook)
        let (loaded, problems) = loadRunbook(source, files: used.read)
        show(problems, console)
        guard var runbook = loaded else { throw ExitStatus.wrongRunbook.code }

        var siteSource: SourceText?
        if fileExists(paths.site) || arguments.site != nil {
            siteSource = try Self.source(paths.site, store, console)
        }
        if let siteSource {
            runbook = try Self.runbook(runbook, with: siteSource, from: source, used, console)
        }
        let (site, siteProblems) = loadSite(siteSource, for: runbook, overrides: overrides)
        show(siteProblems, console)
        guard let site else {
            if siteSource == nil { Self.sayWhereTheSiteGoes(paths, console) }
            throw ExitStatus.wrongRunbook.code
        }
        self.paths = paths
        usedPaths = used.paths
        let (filled, sshConfig) = try Self.asking(sshConfigFor: site, console)
        self.sshConfig = sshConfig
        let materials = try Materials(of: runbook, beside: paths.runbook, store, console)
        plan = Plan(
            runbook: runbook, site: filled, materials: materials.files,
            runbookDigest: used.digest(behind: source))
        plan.siteName = paths.siteName
        plan.trees = materials.trees
    }

    /// The runbook with the hosts that the site file names in the groups that are left to it.
    private static func runbook(
        _ runbook: Runbook, with site: SourceText, from source: SourceText, _ used: UsedRunbooks,
        _ console: Console
    ) throws -> Runbook {
        guard runbook.groups.contains(where: { $0.limits != nil }) else { return runbook }
        let (members, problems) = readMembers(site, for: runbook)
        show(problems, console)
        guard problems.allSatisfy({ $0.severity != .error }) else { throw ExitStatus.wrongRunbook.code }
        let (whole, found) = loadRunbook(source, files: used.read, members: members)
        guard let whole else {
            show(found, console)
            throw ExitStatus.wrongRunbook.code
        }
        return whole
    }

    /// The site with what ~/.ssh/config says, where the site file asks for that.
    private static func asking(
        sshConfigFor site: Site, _ console: Console
    ) throws -> (Site, [HostID: SSHConfig.Values]) {
        var site = site
        var said: [HostID: SSHConfig.Values] = [:]
        for (id, host) in site.hosts where !host.leftToSSHConfig.isEmpty {
            do throws(SSHConfig.Problem) {
                let reader = SSHConfig.reader
                guard let config = try SSHConfig.ofUser(home: reader.home) else {
                    throw SSHConfig.Problem("there is no ~/.ssh/config")
                }
                let (filled, values) = try config.filled(host, for: reader)
                site.hosts[id] = filled
                said[id] = values
            } catch {
                console.say("\(.error, "error"): \(.host, id.rawValue): \(error.message)")
                console.say(
                    "  \(.hint, "hint"): write what is meant into the site file, and leave out `ssh_config: true`"
                )
                throw ExitStatus.wrongRunbook.code
            }
        }
        return (site, said)
    }

    /// A runbook alone: nothing has a value.
    init(withoutSite paths: RunbookPaths, _ console: Console) throws {
        let source = try Self.source(paths.runbook, POSIXFileStore(), console)
        let used = UsedRunbooks(beside: paths.runbook)
        let (runbook, problems) = loadRunbook(source, files: used.read)
        show(problems, console)
        guard let runbook else { throw ExitStatus.wrongRunbook.code }
        self.paths = paths
        let materials = try Materials(of: runbook, beside: paths.runbook, POSIXFileStore(), console)
        plan = Plan(
            runbook: runbook, site: Site(runbook: runbook.name, inputs: [:], hosts: [:]),
            materials: materials.files, runbookDigest: used.digest(behind: source))
        plan.trees = materials.trees
        plan.siteName = paths.siteName
    }

    static func source(_ path: String, _ store: POSIXFileStore, _ console: Console) throws -> SourceText {
        do throws(FileError) {
            return SourceText(name: path, bytes: try store.readFile(path, limit: lengthMax))
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.wrongRunbook.code
        }
    }

    private static func sayWhereTheSiteGoes(_ paths: RunbookPaths, _ console: Console) {
        let example = paths.site.replacing(".site.yaml", with: ".site.example.yaml")
        console.say("\(.hint, "hint"): the values of your hosts go into \(paths.site)")
        if fileExists(example) {
            console.say(
                "\(.hint, "hint"): start from the example: \(.command, "cp \(example) \(paths.site)")")
        }
        console.say(
            "\(.hint, "hint"): or be asked for them: \(.command, "runbook init \(shellQuoted(paths.runbook))")"
        )
    }
}

/// Shows diagnostics on stderr, with their pictures.
func show(_ problems: [Diagnostic], _ console: Console) {
    guard !problems.isEmpty else { return }
    let decorator: DiagnosticDecorator = console.talkStyle.usesColor ? .ansi : .plain
    console.sayRaw(DiagnosticRenderer(decorator: decorator).render(Diagnostics(problems)))
}

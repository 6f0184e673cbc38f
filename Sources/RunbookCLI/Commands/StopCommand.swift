import ArgumentParser
import RunbookEngine
import RunbookModel
import RunbookSSH
import RunbookSupervisor
import RunbookTerminal
import RunbookTransport

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ends a command that is still running on its host.",
        discussion:
            "Its process group gets TERM, and ten seconds later KILL. `run` then records how it ended.")

    @OptionGroup var decision: DecisionArguments

    func run() async throws {
        let console = decision.runbook.console
        let loaded = try decision.runbook.load(console)
        let unit = try decision.unit(loaded.plan, console)
        guard let history = try ReadRun(loaded, console: console)?.history else { return }
        guard case .issued(let attempt, _, _) = history.standing(of: unit), let host = unit.host,
            let target = loaded.plan.site.hosts[host], let began = history.began
        else {
            console.say("\(unit.description) is not under way: nothing to stop")
            throw ExitStatus.failed.code
        }
        let person = TerminalPerson(console: console, prompter: Prompter())
        do throws(TransportError) {
            let open = try await SSHSessions(person)
                .open(host, target, run: began.run)
            _ = try await open.session.greet(run: began.run, isNew: false)
            try await open.session.stop(attempt)
            await open.session.close()
        } catch {
            console.say("\(.error, "error"): \(error.message)")
            throw ExitStatus.unreachable.code
        }
        console.say("\(unit.description) is stopped. `run` records how it ended:")
        console.say("  \(.command, "runbook run \(decision.runbook.target)")")
    }
}

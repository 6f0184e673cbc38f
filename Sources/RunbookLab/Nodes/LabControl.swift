import Glibc
import Synchronization

/// Answers those who hold the lab's folder: `lab down`, `lab shell`, a rehearsal.
///
/// Requests are packets of words; an answer begins with `ok` or `failed`. A shell's connection goes on:
/// the controlling side of its terminal, if it asked for one, then its exit status.
final class LabControl: Sendable {
    private let lab: Lab
    private let site: LabSite

    init(lab: Lab, site: LabSite) {
        self.lab = lab
        self.site = site
    }

    /// Serves until `down`; the exit status of the lab.
    func serve(_ listener: Descriptor) -> Int32 {
        let isDown = Flag()
        while let connection = PacketSocket.accept(listener) {
            startThread { [self] in
                while let packet = connection.receive() {
                    let words = packet.fields
                    if words.first == "down" {
                        isDown.set()
                        connection.send(["ok"])
                        _ = shutdown(listener.number, Int32(SHUT_RDWR))
                    } else if words.first == "shell" {
                        return shell(words, packet.descriptors, connection)
                    } else {
                        answer(words, connection)
                    }
                }
            }
        }
        return isDown.isSet ? 0 : 1
    }

    private func answer(_ words: [String], _ connection: PacketSocket) {
        switch (words.first, words.count) {
        case ("site", 1):
            connection.send(["ok"] + site.fields)
        case ("reboot", 2) where isNode(words[1]):
            lab.reboot(words[1])
            connection.send(["ok"])
        case ("power-off", 2) where isNode(words[1]):
            lab.powerOff(words[1])
            connection.send(["ok"])
        case ("link", 3) where isNode(words[1]):
            lab.setLink(words[1], up: words[2] == "up")
            connection.send(["ok"])
        case ("cut", 2) where isNode(words[1]):
            lab.node(words[1])?.cutLogins()
            connection.send(["ok"])
        case ("fault", 3):
            let (model, name, value) = (lab.currentModel, words[1], words[2])
            let known = blockUntilDone { await model?.setFault(name, to: value) ?? false } ?? false
            connection.send(known ? ["ok"] : ["failed", "the lab knows no fault `\(name)`"])
        case ("facts", 1):
            let model = lab.currentModel
            let facts = blockUntilDone { await model?.facts() ?? [:] } ?? [:]
            connection.send(["ok"] + facts.flatMap { [$0.key, $0.value] })
        case ("snapshot", 2), ("restore", 2):
            let snapshots = LabSnapshots(lab: lab)
            do throws(LabFailure) {
                if words[0] == "snapshot" {
                    try snapshots.take(words[1])
                } else {
                    try snapshots.restore(words[1])
                }
                connection.send(["ok"])
            } catch { connection.send(["failed", error.message]) }
        default:
            connection.send(["failed", "the lab does not know the request `\(words.joined(separator: " "))`"])
        }
    }

    private func isNode(_ name: String) -> Bool { lab.node(name) != nil }

    /// shell NODE ROWS COLUMNS TERM WORD…; ROWS 0: three descriptors came along.
    private func shell(_ words: [String], _ descriptors: [Descriptor], _ connection: PacketSocket) {
        guard words.count >= 5, let rows = Int(words[2]), let columns = Int(words[3]),
            rows > 0 || descriptors.count == 3
        else { return _ = connection.send(["failed", "not a shell request"]) }
        guard let link = lab.node(words[1])?.link else {
            return _ = connection.send(["failed", "there is no running node `\(words[1])`"])
        }
        let command = Array(words.dropFirst(5))
        var description = NodeProgram.Description(
            argv: command.isEmpty ? ["/bin/bash", "-l"] : command,
            environment: [
                "PATH": NodeRoot.path, "HOME": "/root", "USER": "root", "LOGNAME": "root",
                "SHELL": "/bin/bash", "TERM": words[4],
            ])
        if rows > 0 {
            description.terminal = (rows, columns)
        } else {
            description.descriptors = descriptors
        }
        let (node, model) = (words[1], lab.currentModel)
        _ = blockUntilDone { await model?.beforeCommand(node) }
        guard let program = link.start(description) else {
            return _ = connection.send(["failed", "the node does not start programs"])
        }
        connection.send(["ok"], passing: program.terminal.map { [$0] } ?? [])
        var polled = [
            pollfd(fd: program.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: connection.descriptor.number, events: Int16(POLLIN), revents: 0),
        ]
        while unsafe poll(&polled, 2, -1) < 0 && errno == EINTR {}
        // The asker is gone: let go of the program, which hangs up its terminal.
        guard polled[0].revents != 0 else { return }
        connection.send(number: shellStatus(program.waitStatus()))
    }
}

extension Node {
    /// Breaks every SSH connection to the node, as a lost link does; the node goes on.
    func cutLogins() {
        let sockets = state.withLock { Array($0.logins.values) }
        for socket in sockets { _ = shutdown(socket.number, Int32(SHUT_RDWR)) }
    }
}

import Glibc
import RunbookModel
import RunbookTestSupport
import Synchronization

/// A server in Python with paramiko, for what neither sshd nor libssh's server side can be made to do: it exchanges
/// keys anew with another host key, leaves a channel open behind an exit status, answers nothing, takes nothing.
/// A command's first word says what becomes of it.
final class ParamikoServer: Sendable {
    static let isAvailable = (try? run([python, "-c", "import paramiko"]))?.status == 0
    static let missing = "python3 with paramiko is needed: script/bootstrap --tests"

    // Debian's, which has Debian's paramiko; another python3 may stand before it on PATH.
    private static let python = "/usr/bin/python3"

    let target: SiteHost
    private let folder: TemporaryDirectory
    private let process: Mutex<Int32?>

    init() throws {
        folder = try TemporaryDirectory("paramiko")
        for name in ["host_key", "other_key", "user_key"] {
            try SSHDServer.makeKey(folder.file(name), .ed25519)
        }
        let script = try folder.write("server.py", Self.script)
        let log = unsafe open(folder.file("errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(log) }
        let child = try spawn([Self.python, script, folder.path], stdout: log, stderr: log)
        process = Mutex(child)
        var port: UInt16?
        for _ in 0..<1000 where port == nil {
            usleep(10_000)
            port = (try? readFile(folder.file("port"))).flatMap {
                UInt16(String(decoding: $0, as: UTF8.self))
            }
        }
        guard let port else { throw SupportError("paramiko's server does not start") }
        var target = SiteHost(address: "127.0.0.1")
        target.port = port
        target.user = "someone"
        target.identity = folder.file("user_key")
        target.hostKeys = [try SSHDServer.fingerprint(folder.file("host_key"))]
        self.target = target
    }

    deinit {
        guard let child = process.withLock({ $0 }) else { return }
        kill(child, SIGKILL)
        waitFor(child)
    }

    /// The commands that arrived, each on a line, and `rekeyed` once the other host key is in use.
    var log: [String] {
        let text = (try? readFile(folder.file("log"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private static let script = #"""
        import os, socket, sys, threading, time
        import paramiko

        os.chdir(sys.argv[1])
        host_key, other_key = (paramiko.Ed25519Key(filename=name) for name in ("host_key", "other_key"))

        def note(line):
            with open("log", "a") as log:
                log.write(line + "\n")

        class Server(paramiko.ServerInterface):
            def __init__(self, transport):
                self.transport = transport

            def get_allowed_auths(self, username):
                return "publickey"

            def check_auth_publickey(self, username, key):
                if username == "zero":
                    # Channels that may be sent nothing, and packets of nothing.
                    self.transport.default_max_packet_size = 0
                    self.transport.default_window_size = 0
                return paramiko.AUTH_SUCCESSFUL

            def check_channel_request(self, kind, chanid):
                return paramiko.OPEN_SUCCEEDED

            def check_channel_exec_request(self, channel, command):
                command = command.decode()
                note(command)
                if command == "unanswered":
                    time.sleep(60)
                threading.Thread(target=self.serve, args=(channel, command), daemon=True).start()
                return True

            def rekey(self):
                # paramiko gives up when something else is still on its way to it.
                time.sleep(1)
                self.transport.add_server_key(other_key)
                self.transport.renegotiate_keys()
                note("rekeyed")

            def serve(self, channel, command):
                time.sleep(0.05)
                channel.sendall(command + "\n")
                if command == "impostor":
                    # The reader waits for a line; the one that says it is another host by now.
                    channel.recv(1)
                    self.rekey()
                    channel.sendall("done\n")
                    time.sleep(60)
                if command == "deaf":
                    time.sleep(60)
                if command == "endless":
                    while True:
                        channel.sendall("x" * 65536)
                channel.send_exit_status(5)
                if command == "open":
                    time.sleep(60)
                channel.close()
                if command == "rekey":
                    self.rekey()

        # With so small a window whoever sends much to it waits at once, and for ever when nobody reads.
        def serve(connection):
            transport = paramiko.Transport(connection, default_window_size=4096)
            transport.add_server_key(host_key)
            transport.start_server(server=Server(transport))

        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        with open("port.new", "w") as file:
            file.write(str(listening.getsockname()[1]))
        os.rename("port.new", "port")
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

        """#
}

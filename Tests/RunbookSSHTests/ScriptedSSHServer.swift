import CLibSSH
import Glibc
import RunbookModel
import RunbookTestSupport
import Synchronization

/// libssh's server side, for what sshd cannot be made to do: questions at the login, commands that end
/// without a status. A command's text says what becomes of it.
final class ScriptedSSHServer: Sendable {
    let target: SiteHost
    private let listener: ScriptedListener
    private let folder: TemporaryDirectory

    /// Lets in whoever answers the questions `Password: ` and `Code: ` with `secret` and `123`; or, if it
    /// does not ask questions, at the third password.
    init(asksQuestions: Bool) throws {
        let folder = try TemporaryDirectory("scripted")
        let key = folder.file("host_key")
        try SSHDServer.makeKey(key, .ed25519)
        listener = try ScriptedListener { Self.serve($0, key, asksQuestions) }
        self.folder = folder
        var target = SiteHost(address: "127.0.0.1")
        target.port = listener.port
        target.user = "someone"
        target.hostKeys = [try SSHDServer.fingerprint(key)]
        self.target = target
    }

    private static func serve(_ descriptor: Int32, _ key: String, _ asksQuestions: Bool) {
        guard let bind = unsafe ssh_bind_new(), let session = unsafe ssh_new() else { return }
        defer {
            unsafe ssh_disconnect(session)
            unsafe ssh_free(session)
            unsafe ssh_bind_free(bind)
        }
        unsafe ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, key)
        guard unsafe ssh_bind_accept_fd(bind, session, dup(descriptor)) == SSH_OK,
            unsafe ssh_handle_key_exchange(session) == SSH_OK
        else { return }
        var passwords = 0
        while let message = unsafe ssh_message_get(session) {
            switch unsafe ssh_message_type(message) {
            case Int32(bitPattern: SSH_REQUEST_SERVICE.rawValue):
                unsafe ssh_message_service_reply_success(message)
            case Int32(bitPattern: SSH_REQUEST_AUTH.rawValue):
                unsafe authenticate(session, message, asksQuestions, &passwords)
            case Int32(bitPattern: SSH_REQUEST_CHANNEL_OPEN.rawValue):
                unsafe _ = ssh_message_channel_request_open_reply_accept(message)
            case Int32(bitPattern: SSH_REQUEST_CHANNEL.rawValue): unsafe run(message)
            default: unsafe ssh_message_reply_default(message)
            }
            unsafe ssh_message_free(message)
        }
    }

    private static func authenticate(
        _ session: ssh_session, _ message: ssh_message, _ asksQuestions: Bool, _ passwords: inout Int
    ) {
        let method = asksQuestions ? SSH_AUTH_METHOD_INTERACTIVE : SSH_AUTH_METHOD_PASSWORD
        let asked = unsafe UInt32(bitPattern: ssh_message_subtype(message))
        if asked == UInt32(SSH_AUTH_METHOD_PASSWORD), !asksQuestions {
            passwords += 1
            if passwords == 3 {
                unsafe ssh_message_auth_reply_success(message, 0)
                return
            }
        }
        if asked == UInt32(SSH_AUTH_METHOD_INTERACTIVE), asksQuestions {
            if unsafe ssh_message_auth_kbdint_is_response(message) == 0 {
                unsafe ask(message)
                return
            }
            let answers = (0..<2).map { index in
                unsafe ssh_userauth_kbdint_getanswer(session, UInt32(index)).map {
                    unsafe String(cString: $0)
                }
            }
            if answers == ["secret", "123"] {
                unsafe ssh_message_auth_reply_success(message, 0)
                return
            }
        }
        unsafe ssh_message_auth_set_methods(message, Int32(method))
        unsafe ssh_message_reply_default(message)
    }

    private static func ask(_ message: ssh_message) {
        let words: [String] = ["Password: ", "Co\u{1B}de: "]
        let texts = unsafe words.map { word in unsafe strdup(word) }
        defer { unsafe texts.forEach { unsafe free($0) } }
        var prompts = unsafe texts.map { text in unsafe UnsafePointer<CChar>(text) }
        var echo: [CChar] = [0, 1]
        unsafe ssh_message_auth_interactive_request(message, "", "Two proofs.", 2, &prompts, &echo)
    }

    private static func run(_ message: ssh_message) {
        guard let text = unsafe ssh_message_channel_request_command(message),
            let channel = unsafe ssh_message_channel_request_channel(message)
        else {
            unsafe ssh_message_reply_default(message)
            return
        }
        let command = unsafe String(cString: text)
        if command == "refused" {
            unsafe ssh_message_reply_default(message)
            return
        }
        unsafe ssh_message_channel_request_reply_success(message)
        let said = Array("\(command)\n".utf8)
        unsafe ssh_channel_write(channel, said, UInt32(said.count))
        switch command {
        case "strange signal": unsafe ssh_channel_request_send_exit_signal(channel, "K\u{1B}", 0, "", "")
        case "status": unsafe ssh_channel_request_send_exit_status(channel, 7)
        default: break
        }
        unsafe ssh_channel_close(channel)
    }
}

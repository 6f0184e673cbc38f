import Glibc
import Testing

@testable import RunbookLab

extension PracticeNodes {
    /// What a node is, asked over SSH of one lab that all tests share; each test leaves it as it was.
    @Suite(.timeLimit(.minutes(1)))
    struct NodesTests {
        private let lab: TestLab

        init() throws {
            lab = try TestLab.shared.get()
        }

        private func expect(
            _ command: String, on node: String = "pve1", gives output: String, status: Int32 = 0,
            _ location: SourceLocation = #_sourceLocation
        ) {
            let answer = lab.ssh(node, command)
            // ssh ends its own complaints with CR LF.
            #expect(answer.output.replacing("\r\n", with: "\n") == output, sourceLocation: location)
            #expect(answer.status == status, sourceLocation: location)
        }

        @Test func commandsKeepTheirStatusAndBothOutputs() {
            expect(
                "uname -n; id -un; echo complaint >&2; exit 7", gives: "pve1\nroot\ncomplaint\n", status: 7)
            expect(
                "hostname; getent hosts pve2", on: "pve2",
                gives: "pve2\n192.168.0.12    pve2.lan pve2 pvelocalhost\n"
            )
        }

        @Test func aSignalIsReportedAsOne() {
            expect("kill -KILL $$", gives: "", status: 255)
        }

        @Test func longInputAndOutputArriveWhole() {
            let answer = lab.ssh(
                "pve1", "head -c 3000000 /dev/zero | wc -c; head -c 2000000 /dev/zero | tr '\\0' x")
            #expect(answer.output.utf8.count == 2_000_008)
            let sent = Programs.shared.run(
                lab.sshWords("pve1", "wc -c"), input: String(repeating: "y", count: 1_500_000))
            #expect(sent.output == "1500000\n")
        }

        @Test func manyLoginsAtOnceLoseNothing() {
            let words = lab.sshWords("pve1", "wc -c; head -c 70000 /dev/zero | wc -c; exit 3")
            let input = String(repeating: "z", count: 50_000)
            let logins = (0..<16).map { _ in
                let answer = Signal<String>()
                startThread {
                    let result = Programs.shared.run(words, input: input)
                    answer.set("\(result.status) \(result.output)")
                }
                return answer
            }
            #expect(logins.map { $0.wait() } == Array(repeating: "3 50000\n70000\n", count: 16))
            // Clients that vanish in full stream take nothing with them.
            for _ in 0..<8 {
                guard let null = Descriptor.open("/dev/null", O_RDWR) else { continue }
                let stream = lab.sshWords("pve1", "exec head -c 500000000 /dev/zero")
                let login = Programs.shared.start(
                    stream, descriptors: [null, null, null])
                usleep(100_000)
                if let login { kill(login.pid, SIGKILL) }
                _ = login?.wait()
            }
            expect("sleep 0.3; pgrep -c head", gives: "0\n", status: 1)
        }

        @Test func nothingOfThisMachineIsInANode() {
            expect(
                "ls /home /usr/local; ls -A /root; test -e /work || test -e /proc/1/root/work || echo none",
                gives: "/home:\n\n/usr/local:\nsbin\n.bashrc\n.ssh\nnone\n")
            expect("ls /sys", gives: "ls: cannot access '/sys': No such file or directory\n", status: 2)
        }

        @Test func aTerminalIsOneOfTheNode() {
            let answer = lab.ssh("pve1", "tty; stty size < /dev/tty", options: ["-tt"])
            #expect(answer.output.split(separator: "\r\n").first == "/dev/pts/0")
        }

        @Test func copiesByScpArrive() throws {
            let source = lab.folder + "/source"
            try HostFiles.write(source, "some text\n")
            defer { unsafe unlink(source) }
            let words = lab.sshWords("pve2", "").dropFirst().dropLast(2).map { $0 == "-p" ? "-P" : $0 }
            let sent = Programs.shared.run(["scp", "-q"] + words + [source, "root@127.0.0.1:/tmp/copy"])
            #expect(sent.status == 0, "\(sent.output)")
            expect("cat /tmp/copy; rm /tmp/copy", on: "pve2", gives: "some text\n")
        }

        @Test func emulatedCommandsAskTheLab() {
            expect(
                "cd /tmp && echo input | STATUS=5 lab-echo one 'two words' 2>&1",
                gives: "pve1 /tmp one|two words\ninput\n", status: 5)
            expect("/etc/init.d/lab-service start", gives: "lab-service start: ok\n", status: 3)
            expect("env -i PATH=/usr/local/sbin lab-echo <&-", gives: "pve1 /root \n")
        }

        @Test func nodesReachEachOtherAsPeopleDo() {
            let options = "-o ConnectTimeout=5 -o BatchMode=yes"
            expect(
                "ssh \(options) root@pve2.nowhere true",
                gives: "ssh: Could not resolve hostname pve2.nowhere: Name or service not known\n",
                status: 255)
            expect(
                "ssh \(options) root@192.168.0.12 true", gives: "Host key verification failed.\n", status: 255
            )
            expect("ssh-keyscan -t ed25519 192.168.0.12 2>/dev/null > /root/.ssh/known_hosts", gives: "")
            expect(
                "ssh \(options) root@192.168.0.12 true",
                gives: "root@192.168.0.12: Permission denied (publickey,password).\n", status: 255)
            let key = lab.ssh("pve1", "cat /root/.ssh/id_rsa.pub").output
            _ = lab.ssh("pve2", "echo '\(key)' >> /root/.ssh/authorized_keys")
            expect("ssh \(options) root@192.168.0.12 uname -n", gives: "pve2\n")
            expect("rm /root/.ssh/known_hosts", gives: "")
        }

        @Test func aDanglingListOfKeysLetsNobodyIn() {
            let file = "/root/.ssh/authorized_keys"
            _ = lab.ssh("pve2", "cp \(file) \(file).org; ln -sf /etc/pve/priv/authorized_keys \(file)")
            expect(
                "true", on: "pve2", gives: "root@127.0.0.1: Permission denied (publickey,password).\n",
                status: 255)
            let back = lab.shell("pve2", "mv \(file).org \(file)")
            #expect(back == 0)
        }

        @Test func programsOutliveTheirConnection() {
            expect("setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $! > /tmp/pid", gives: "")
            expect("kill -0 $(cat /tmp/pid) && kill $(cat /tmp/pid); rm /tmp/pid", gives: "")
        }

        @Test func blockDevicesComeAndGo() throws {
            let link = "/dev/disk/by-path/ip-192.168.0.20:3260-iscsi-lun-0"
            expect("test -b /dev/sdb", gives: "", status: 1)
            try lab.process.setFault("devices pve1", to: "on")
            expect(
                "test -b /dev/sdb && [ -b \(link)-part1 ] && [[ ! -f /dev/sdb1 ]] && echo yes", gives: "yes\n"
            )
            expect(
                "dash -c 'test -b /dev/sdb1' && stat -L -c '%F %t:%T' \(link)",
                gives: "block special file 8:10\n"
            )
            expect(
                "ls -l /dev/sdb | cut -c1-23; readlink \(link)", gives: "brw-rw---- 1 root root \n../../sdb\n"
            )
            expect("cat /dev/sdb", gives: "cat: /dev/sdb: Permission denied\n", status: 1)
            expect("test -b /dev/sdb", on: "pve2", gives: "", status: 1)
            try lab.process.setFault("devices pve1", to: "off")
            expect("ls /dev/sdb* \(link) 2>&1 | wc -l", gives: "2\n")
        }

        @Test func withoutQuorumTheClusterFolderDeniesEverything() throws {
            try lab.process.setFault("view pve1", to: "cluster-rw")
            expect(
                "mkdir -p /etc/pve/nodes/pve1 && echo text > /etc/pve/file && cat /etc/pve/local/../../file",
                gives: "text\n")
            try lab.process.setFault("view pve1", to: "cluster-ro")
            let commands = [
                "touch /etc/pve/new", "mkdir /etc/pve/new", "rm /etc/pve/file",
                "mv /etc/pve/file /etc/pve/new",
                "cp /etc/hosts /etc/pve/new", "ln -s file /etc/pve/new", "truncate -s 0 /etc/pve/file",
                "tee /etc/pve/new </dev/null", "rmdir /etc/pve/nodes/pve1", "echo > /etc/pve/file",
                "cd /etc/pve; touch new", "dash -c 'echo > /etc/pve/new'", "sed -i s/a/b/ /etc/pve/file",
            ]
            let answer = lab.ssh(
                "pve1", commands.map { "(\($0)) 2>&1 | grep -o '[^:]*$'" }.joined(separator: "\n"))
            let denied = String(repeating: " Permission denied\n", count: commands.count)
            #expect(answer.output == denied)
            expect(
                "cat /etc/pve/file; test -w /etc/pve || echo read-only; test -L /etc/pve/local && echo link",
                gives: "text\nread-only\nlink\n")
            try lab.process.setFault("view pve1", to: "unmounted")
            expect("ls -A /etc/pve/", gives: "")
        }

        @Test func theClusterFolderKeepsItsModesAndTellsOfRenames() throws {
            try lab.process.setFault("view pve2", to: "cluster-rw")
            expect(
                """
                cd /etc/pve && mkdir priv && echo new > cluster.conf.new && echo key > /etc/pve/priv/key
                mv cluster.conf.new cluster.conf; cat /var/log/renamed
                stat -c '%a %n' /etc/pve/priv/key /etc/pve/cluster.conf
                chmod 640 cluster.conf && chown root:www-data cluster.conf && chmod 644 cluster.conf
                ln cluster.conf other
                rm -r cluster.conf priv /var/log/renamed
                """,
                on: "pve2",
                gives: """
                    /etc/pve/cluster.conf
                    600 /etc/pve/priv/key
                    640 /etc/pve/cluster.conf
                    chmod: changing permissions of 'cluster.conf': Operation not permitted
                    ln: failed to create hard link 'other' => 'cluster.conf': Operation not permitted

                    """)
            try lab.process.setFault("view pve2", to: "unmounted")
        }

        @Test func thePortalAcceptsOrRefuses() throws {
            let ask =
                "timeout 5 bash -c ': > /dev/tcp/192.168.0.20/3260' 2>&1 | grep -q refused && echo no || echo yes"
            expect(ask, gives: "no\n")
            try lab.process.setFault("portal 3260", to: "open")
            expect(ask, gives: "yes\n")
            try lab.process.setFault("portal 3260", to: "closed")
            expect(ask, gives: "no\n")
        }
    }
}

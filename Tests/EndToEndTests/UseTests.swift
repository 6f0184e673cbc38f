import Glibc
import RunbookTestSupport
import Testing

/// `use` and `for_each` against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct UseTests {
    @Test(.timeLimit(.minutes(1)))
    func aUsedRunbookRunsOnEachHostAndGoesOnWhereItStopped() throws {
        let story = try Story("", hosts: ["a", "b"])
        unsafe mkdir(story.folder.file("runbooks/parts"), 0o755)
        unsafe mkdir(story.folder.file("runbooks/parts/files"), 0o755)
        try story.folder.write("runbooks/parts/files/own", "own\n")
        try story.folder.write("log", "")
        try story.folder.write(
            "runbooks/parts/part.yaml",
            """
            runbook: part
            hosts: { node: {} }
            inputs: { word: { type: string } }
            env: { WORD: '${{ inputs.word }} on ${{ host.id }}' }
            steps:
              - { id: file, host: node, copy: { from: files/own, path: 'DIR/${{ host.id }}' } }
              - id: line
                check: grep -qxF "$WORD" DIR/log
                run: |
                  test -e DIR/ready
                  echo "$WORD" >> DIR/log
            """.replacing("DIR", with: story.folder.path))
        try story.folder.write(
            "runbooks/small.yaml",
            """
            runbook: small
            hosts: { a: {}, b: {} }
            groups: { both: [a, b] }
            inputs: { word: { type: string, default: "it's" } }
            steps:
              - { id: part, hosts: both, use: parts/part.yaml, with: { word: '${{ inputs.word }}' } }
              - id: each
                host: b
                for_each: { x: one, y: two }
                check: grep -qx ${{ item }} DIR/log
                run: echo ${{ item }} >> DIR/log
            """.replacing("DIR", with: story.folder.path))
        let first = try story.runbook("run", "FILE")
        #expect(first.status == 1)
        let settled = first.output.split(separator: "\n").filter { !$0.hasPrefix("  ") }
        #expect(
            settled == ["done        part/file on a  part/file", "failed      part/line on a  part/line"],
            "\(first.errors)")
        try story.folder.write("ready", "")
        let second = try story.runbook("run", "FILE")
        #expect(second.status == 0, "\(second.errors)")
        #expect(story.lines("log") == ["it's on a", "it's on b", "one", "two"])
        #expect(story.lines("a") == ["own"])
        let third = try story.runbook("run", "FILE")
        #expect(third.status == 0)
        #expect(story.lines("log") == ["it's on a", "it's on b", "one", "two"])
        // What it uses is part of what it says.
        let part = String(
            decoding: try readFile(story.folder.file("runbooks/parts/part.yaml")), as: UTF8.self)
        try story.folder.write("runbooks/parts/part.yaml", part.replacing("test -e", with: "test  -e"))
        #expect(try story.runbook("run", "FILE").status == 3)
        #expect(try story.runbook("lint", "FILE").status == 0)
    }
}

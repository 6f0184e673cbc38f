import Glibc
import RunbookTestSupport
import Synchronization
import Testing

/// `runbook plan` without a host.
@Suite(.timeLimit(.minutes(1))) struct PlanTests {
    static let runbook = """
        runbook: small
        version: '2'
        inputs: { word: { type: string, default: "it's" }, wipe: { type: boolean, default: false } }
        hosts: { a: {}, b: {} }
        groups: { pair: [a, b] }
        env: { WORD: '${{ inputs.word }}', PEER: '${{ peer.address }}' }
        steps:
          - id: look
            name: Read the size
            host: a
            outputs: { size: { run: stat -c %s /x, type: integer } }
          - id: ready
            hosts: pair
            order: together
            require: test -e /x
          - id: note
            name: Write it down
            hosts: pair
            check: test -e /note
            run: |
              echo "$WORD" > /note

              echo "$PEER" ${{ host.id }} ${{ steps.look.outputs.size }} >> /note
            stdin: "y\\n"
          - id: names
            name: Know each other
            hosts: pair
            edit: { path: /etc/hosts, line: '${{ peer.address }} ${{ peer.id }}' }
          - id: conf
            host: b
            edit:
              path: /etc/x.conf
              set: { /x/@y: '1', /x/z: {} }
              increment: /x/@v
              validate: xlint %s
            unless: test -e /skip
          - id: page
            host: b
            copy: { path: /page, content: 'size ${{ steps.look.outputs.size }}', mode: '0644', owner: root }
          - id: wipe
            host: b
            if: inputs.wipe
            destroys: /dev/sdb
            run: mkfs /dev/sdb
            check: blkid /dev/sdb
          - id: big
            host: a
            if: steps.look.outputs.size > 10
            shell: bash
            run: split /x
            verify: test -e /xaa
          - id: gone
            host: b
            irreversible: what is on ${{ host.address }}
            argv: [rm, -f, '${{ inputs.word }}', '/x ${{ steps.look.outputs.size }}']
            verify: { none: nobody looks }
          - id: cable
            manual: Plug it into ${{ hosts.b.id }}.
            verify: { none: seen by eye }
          - id: agree
            ask: { question: Go on?, choices: ['yes', 'no'] }

        """

    @Test func itSaysOfEveryStepAndHostWhatWouldHappen() throws {
        let desk = try Desk(Self.runbook)
        let result = try desk.runbook("plan", "FILE")
        #expect(
            result.output == """
                look  Read the size
                  will ask        on a  only reads: size
                ready
                  will ask        on a  only asks, and stops the run at a no
                  will ask        on b  only asks, and stops the run at a no
                note  Write it down
                  will run        on a  unless it is already so
                    WORD=it's
                    PEER=192.0.2.2
                    | echo "$WORD" > /note
                    |
                    | echo "$PEER" a ${{ steps.look.on.a.outputs.size }} >> /note
                    reads from stdin: "y\\n"
                    not known yet: steps.look.on.a.outputs.size: until look ran on a
                  will run        on b  unless it is already so
                    WORD=it's
                    PEER=192.0.2.1
                    | echo "$WORD" > /note
                    |
                    | echo "$PEER" b ${{ steps.look.on.a.outputs.size }} >> /note
                    reads from stdin: "y\\n"
                    not known yet: steps.look.on.a.outputs.size: until look ran on a
                names  Know each other
                  will run        on a  unless it is already so
                    edits /etc/hosts: line `192.0.2.2 b`
                  will run        on b  unless it is already so
                    edits /etc/hosts: line `192.0.2.1 a`
                conf
                  will run        on b  unless it is not needed or already so
                    edits /etc/x.conf:
                      /x/@y = `1`
                      /x/z is there
                      /x/@v goes up by one if anything changed
                      if `xlint %s` accepts it
                page
                  will run        on b  unless it is already so
                    writes /page, mode 644, owner root
                    not known yet: steps.look.on.a.outputs.size: until look ran on a
                wipe
                  skipped         on b  inputs.wipe is false
                big
                  unknown         on a  until look ran: if steps.look.on.a.outputs.size > 10
                    bash| split /x
                gone
                  will run        on b
                    | rm -f 'it'\\''s' /x ${{ steps.look.on.a.outputs.size }}
                    not known yet: steps.look.on.a.outputs.size: until look ran on a
                    a person must say yes first: what is on 192.0.2.2
                cable
                  will run
                    a person does it: Plug it into b.
                agree
                  will run
                    a person is asked: Go on? (yes or no)

                """)
        #expect(result.errors == "14 steps, 14 not done. No host was asked: --ask tells what is so already\n")
        #expect(result.status == 0)
        #expect(!desk.has("state"))
    }

    /// The hosts' addresses lead to a port where every connection is counted.
    @Test func noByteIsSentToAHost() throws {
        let accepted = Mutex(0)
        let connections = try ScriptedListener { _ in accepted.withLock { $0 += 1 } }
        let desk = try Desk(
            Self.runbook,
            site: """
                for: small
                hosts:
                  a: { address: 127.0.0.1, port: \(connections.port) }
                  b: { address: 127.0.0.1, port: \(connections.port) }
                """)
        #expect(try desk.runbook("plan", "FILE").status == 0)
        #expect(accepted.withLock { $0 } == 0)
    }

    @Test func jsonHasALineForEachStepAndHost() throws {
        let desk = try Desk(
            """
            runbook: small
            hosts: { a: {}, b: {} }
            steps:
              - { id: read, host: a, outputs: { n: { run: uname -n } } }
              - { id: say, host: b, env: { N: x }, run: 'echo $N ${{ steps.read.outputs.n }}', verify: { none: no } }

            """)
        #expect(
            try desk.runbook("plan", "FILE", "--json").output == """
                {"detail":"only reads: n","does":"only reads: n","host":"a","name":"read","outlook":"will ask","step":"read"}
                {"environment":{"N":"x"},"host":"b","name":"say","notKnownYet":["steps.read.on.a.outputs.n: until read ran on a"],"outlook":"will run","step":"say","text":"echo $N ${{ steps.read.on.a.outputs.n }}"}

                """)
    }
}

/// `runbook plan` of a run that has begun, and with `--ask`, against a real sshd.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct PlanAskTests {
    static let runbook = """
        runbook: small
        hosts: { box: {} }
        steps:
          - id: first
            host: box
            check: grep -qx first DIR/log
            run: echo first >> DIR/log
            outputs: { word: { run: head -n 1 DIR/log } }
          - id: second
            host: box
            if: steps.first.outputs.word == 'first'
            check: grep -qx second DIR/log
            run: echo second >> DIR/log; exit 3
          - id: third
            host: box
            unless: test -e DIR/log
            run: touch DIR/third
            verify: test -e DIR/third
          - id: file
            host: box
            edit: { path: DIR/conf, match: '^a=', line: 'a=${{ steps.first.outputs.word }}' }
          - id: odd
            host: box
            check: no-such-command-here
            run: touch DIR/odd
          - id: gate
            host: box
            require: test -e DIR/log

        """

    private func story() throws -> Story {
        let story = try Story("")
        try story.folder.write("log", "")
        try story.folder.write("conf", "# conf\na=1\nb=2\n")
        try story.folder.write("runbooks/small.yaml", Self.runbook.replacing("DIR", with: story.folder.path))
        return story
    }

    @Test(.timeLimit(.minutes(1))) func askingTellsWhatIsSoAndChangesNothing() throws {
        let story = try story()
        let before = try story.runbook("plan", "FILE", "--ask")
        #expect(
            steady(before.output, story) == """
                first
                  would run       on box  `grep -qx first DIR/log` on box said no
                    | echo first >> DIR/log
                second
                  cannot be asked on box  output `word` of step `first` on box is not known yet
                    | echo second >> DIR/log; exit 3
                third
                  not needed      on box
                file
                  cannot be asked on box  output `word` of step `first` on box is not known yet
                    edits DIR/conf: line `a=${{ steps.first.on.box.outputs.word }}` in place of what matches `^a=`
                    not known yet: steps.first.on.box.outputs.word: until first ran on box
                odd
                  cannot be asked on box  no answer from `no-such-command-here` on box: exit status 127
                    | touch DIR/odd
                gate
                  will ask        on box  only asks, and stops the run at a no

                """)
        #expect(before.errors == "could tell 2 of 6 steps. Nothing was issued and nothing was recorded\n")
        #expect(before.status == 0)
        #expect(unsafe access(story.folder.file("state"), F_OK) != 0)
        #expect(try run(["find", story.hostFolder, "-mindepth", "1"]).output == "")
    }

    @Test(.timeLimit(.minutes(1))) func aRunThatStoppedIsPlannedFromItsJournal() throws {
        let story = try story()
        #expect(try story.runbook("run", "FILE").status == 1)
        let journal = try readFile(story.folder.file("state/small@small/journal.jsonl"))
        let plan = try story.runbook("plan", "FILE")
        #expect(
            steady(plan.output, story) == """
                first
                  done            on box
                second
                  will run again  on box  exit status 3 the state is there all the same: run again to accept it, or add the status to ok_exit
                    | echo second >> DIR/log; exit 3
                third
                  will run        on box  unless it is not needed
                    | touch DIR/third
                file
                  will run        on box  unless it is already so
                    edits DIR/conf: line `a=first` in place of what matches `^a=`
                odd
                  will run        on box  unless it is already so
                    | touch DIR/odd
                gate
                  will ask        on box  only asks, and stops the run at a no

                """)
        let explained = try story.runbook("explain", "FILE", "second").output
        #expect(
            explained.split(separator: "\n").suffix(2) == [
                "where it stands",
                "  on box: failed: exit status 3 the state is there all the same: run again to accept it, or add the status to ok_exit; `runbook run` tries it again (sent once)",
            ])
        let asked = try story.runbook("plan", "FILE", "--ask")
        #expect(
            steady(asked.output, story) == """
                first
                  done            on box
                second
                  already so      on box
                third
                  not needed      on box
                file
                  would run       on box  DIR/conf is not as this step leaves it
                    --- DIR/conf
                    +++ DIR/conf
                    @@ -1,3 +1,3 @@
                     # conf
                    -a=1
                    +a=first
                     b=2
                    edits DIR/conf: line `a=first` in place of what matches `^a=`
                odd
                  cannot be asked on box  no answer from `no-such-command-here` on box: exit status 127
                    | touch DIR/odd
                gate
                  will ask        on box  only asks, and stops the run at a no

                """)
        #expect(try readFile(story.folder.file("state/small@small/journal.jsonl")) == journal)
        #expect(story.lines("conf") == ["# conf", "a=1", "b=2"])
    }

    @Test(.timeLimit(.minutes(1))) func aHostThatIsAwayIsNamedAndTheRestIsShown() throws {
        let story = try story()
        try story.folder.write("runbooks/small.site.yaml", story.site(["box"], port: try freePort()))
        let plan = try story.runbook("plan", "FILE", "--ask")
        #expect(plan.status == 6)
        #expect(plan.output.hasPrefix("first\n  cannot be asked on box  "))
    }
}

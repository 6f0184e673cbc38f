import Glibc
import RunbookTestSupport
import Testing

/// `runbook explain`.
@Suite(.timeLimit(.minutes(1))) struct ExplainTests {
    static let runbook = """
        runbook: small
        inputs: { word: { type: string, default: hello } }
        hosts: { a: {}, b: {} }
        groups: { pair: [a, b] }
        env: { WORD: '${{ inputs.word }}' }
        checks:
          up: { run: service demo status, no_exit: [3], message: demo is down }
        steps:
          - id: note
            name: Write the word down
            why: The next step reads it.
            hosts: pair
            if: inputs.word != ''
            unless: test -e /skip
            require:
              - { host: peer, use: up, within: 30s }
              - { that: "inputs.word != 'no'", otherwise: warn }
              - { not: { run: cat /note, none: [x, 'y'] }, hold: 5s }
            check: { run: cat /note, match: '^${{ inputs.word }} ${{ host.id }}$' }
            run: |
              echo "$WORD" ${{ host.id }} > /note
            timeout: { after: 3m, then: leave }
            retry: { times: 3, delay: 10s }
            connection: may_drop
            ok_exit: [0, 15]
            irreversible: the old note of ${{ host.id }} is gone
            outputs: { size: { run: stat -c %s /note } }
            hints:
              - { output: No space, exit: 1, say: 'The disk of ${{ host.id }} is full.' }
            undo: { host: a, run: rm /note }

        """

    @Test func aStepIsExplainedWhole() throws {
        let result = try Desk(Self.runbook).runbook("explain", "FILE", "note")
        #expect(
            result.output == """
                note  Write the word down
                  DIR/runbooks/small.yaml:9
                  why: The next step reads it.
                  where: on a and b, one after the other; a failure stops before the next
                when it is asked
                  if, first, without a host; false means skipped: inputs.word != ''
                  unless, before anything else; yes means that it is not needed:
                    `test -e /skip`
                  check, before: yes means already so, nothing is sent; after: it must be yes:
                    `cat /note` prints `^hello a$`
                  require, when it is about to be sent; a no stops the run and nothing is sent:
                    up, which is `service demo status` (no: status 3); asked on the other host; waits up to 30s
                    inputs.word != 'no'; a no only warns
                    not: `cat /note` prints no `x` or `y`; must still be so after 5s
                  afterwards reads the output size
                what is sent
                  to a:
                    WORD=hello
                    | echo "$WORD" a > /note
                  to b:
                    WORD=hello
                    | echo "$WORD" b > /note
                  after 3m the step has failed for now; the command goes on, and the next run follows it
                  it may end with status 0 or 15
                  after a clear no of its check it is sent again, 10s later, 3 times in all
                  the connection may drop meanwhile; it is taken up again
                what a person must say
                  yes, because it cannot be taken back: the old note of a is gone
                if it is cut off in the middle
                  Its command goes on on the host, and the next `runbook run` waits for it; it is never sent a second time.
                  When the host does not know what became of it (a power cut), it is in doubt:
                    its check decides: yes is taken as done, no is sent again; without an answer a person decides
                how it is taken back
                  on a: rm /note
                what its failures mean
                  when the output matches `No space` and status 1: The disk of a is full.
                where it stands
                  no run has begun

                """)
        #expect(result.errors == "")
        #expect(result.status == 0)
    }

    @Test func withoutASiteFileValuesStandAsTheyAreWritten() throws {
        let result = try Desk(
            """
            runbook: small
            inputs: { word: { type: string } }
            hosts: { a: {} }
            steps: [{ id: say, host: a, run: 'echo ${{ inputs.word }}', verify: { none: it only speaks } }]
            """, site: nil
        ).runbook("explain", "FILE", "say")
        #expect(
            result.output == """
                say  say
                  DIR/runbooks/small.yaml:4
                  where: on a
                when it is asked
                  nothing proves its effect: it only speaks
                what is sent
                  | echo ${{ inputs.word }}
                  after 10m it is ended: TERM, then KILL
                if it is cut off in the middle
                  Its command goes on on the host, and the next `runbook run` waits for it; it is never sent a second time.
                  When the host does not know what became of it (a power cut), it is in doubt:
                    a person decides, with `runbook resolve`: it has no check that could tell
                how it is taken back
                  `runbook undo` leaves it: the runbook does not say how
                where it stands
                  no run has begun

                """)
        #expect(result.errors == "there is no site file: values stand as the runbook writes them\n")
    }

    @Test func aCodeIsExplainedWithAWrongAndARightExample() throws {
        let result = try Desk(Self.runbook).runbook("explain", "two-verbs")
        #expect(
            result.output == """
                two-verbs
                  A step does one thing, so that its check says whether that one thing worked.
                wrong:
                  run: date
                  argv: [id]
                  check: date
                right:
                  run: date; id
                  check: date

                """)
    }

    @Test func aSlipIsAnsweredWithTheNearestName() throws {
        let desk = try Desk(Self.runbook)
        let code = try desk.runbook("explain", "two-verb")
        #expect(code.errors == "error: there is no code two-verb; did you mean two-verbs?\n")
        #expect(code.status == 64)
        let step = try desk.runbook("explain", "FILE", "not")
        #expect(step.errors == "error: there is no step not; did you mean note?\n")
        #expect(step.status == 64)
        let file = try desk.runbook("explain", "FILE")
        #expect(file.errors == "say which step: runbook explain DIR/runbooks/small.yaml STEP\n")
        #expect(file.status == 64)
    }
}

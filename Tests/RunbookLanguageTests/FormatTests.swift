import FoundationEssentials
import RunbookDiagnostics
import RunbookLanguage
import RunbookModel
import Testing

/// `runbook fmt`.
@Suite struct FormatTests {
    private func formatted(_ text: String) -> String {
        switch formatRunbook(SourceText(name: "test.yaml", text)) {
        case (.formatted(let text), _): text
        case (.refused(let why), _): "refused: \(why)"
        case (nil, let found): rendered(found)
        }
    }

    private static let messy = """

        # The head.

        runbook:   demo   # its name
        title:  'A  demo'\u{20}\u{20}
        hosts: {a: {  }, b: {title:   the second  ,user: root}}
        groups: {pair: [ a,b ]}
        inputs:
            word:
                type:   string
                # about the default
                default:  a  b

        steps:
        # before the first
        -   id:   one
            name: Text of
              two lines
            # about the host
            host: a
            require:
            -   run: date
                message:    it is late
            - { run: "date  +%s",match: '^[0-9]+$' }
            env:
              WORD: "x  y"
            # at the end of one


        - id: two
          hosts: [ a,
             b ]
          run: |
                if true; then
                  echo "a  b"\u{20}

                fi
          check:
            - >-
              test -e
              /x
          verify: [{not: date}]
        # the last word

        """

    private static let laidOut = """
        # The head.

        runbook: demo   # its name
        title: 'A  demo'
        hosts: { a: {}, b: { title: the second, user: root } }
        groups: { pair: [a, b] }
        inputs:
          word:
            type: string
            # about the default
            default: a  b

        steps:
          # before the first
          - id: one
            name: Text of
              two lines
            # about the host
            host: a
            require:
              - run: date
                message: it is late
              - { run: "date  +%s", match: '^[0-9]+$' }
            env:
              WORD: "x  y"
            # at the end of one

          - id: two
            hosts: [ a,
               b ]
            run: |
              if true; then
                echo "a  b"\u{20}

              fi
            check:
              - >-
                test -e
                /x
            verify: [{ not: date }]
        # the last word

        """

    @Test func layoutIsMendedAndTextStays() {
        #expect(formatted(Self.messy) == Self.laidOut)
    }

    @Test func linesMayEndAsTheyDoElsewhere() {
        let text = "runbook: demo\r\nhosts: { a: {} }\r\nsteps:\r\n- id: one\r\n  require: date\r\n"
        #expect(
            formatted(text) == "runbook: demo\nhosts: { a: {} }\nsteps:\n  - id: one\n    require: date\n")
    }

    @Test func aTextWithAnIndicatorKeepsItsBlanks() {
        let text = """
            runbook: demo
            hosts: { a: {} }
            steps:
            - id: one
              copy:
                path: /x
                content: |2+
                    two more

                  none more


            """
        #expect(
            formatted(text) == """
                runbook: demo
                hosts: { a: {} }
                steps:
                  - id: one
                    copy:
                      path: /x
                      content: |2+
                          two more

                        none more


                """)
    }

    @Test func aRunbookWithErrorsIsLeft() {
        #expect(formatted("runbook: demo\nstep: []\n").hasPrefix("error["))
    }

    /// All texts that load, of this repository.
    private static func runbooks() throws -> [String] {
        var texts = try Files.names(in: Files.root + "/runbooks", withSuffix: ".site.example.yaml").map {
            try Files.text("\(Files.root)/runbooks/\($0).yaml")
        }
        var block: [Substring]?
        for line in try Files.text("\(Files.root)/docs/language.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if line == "```yaml runbook" {
                block = []
            } else if line == "```", let lines = block {
                texts.append(lines.joined(separator: "\n") + "\n")
                block = nil
            } else {
                block?.append(line)
            }
        }
        return texts
    }

    private func lines(of text: String) -> [String] {
        text.split(separator: "\n" as Character, omittingEmptySubsequences: false).map { String($0) }
    }

    @Test func shippedRunbooksAreLaidOut() throws {
        for text in try Self.runbooks() { #expect(formatted(text) == text) }
    }

    /// Whatever the indentation was, a layout of the same words comes of it; and what is laid out stays.
    @Test(arguments: [3, 4, 8]) func everyIndentationIsLaidOutAnew(_ width: Int) throws {
        func words(_ text: String) -> [[Substring]] { lines(of: text).map { $0.split(separator: " ") } }
        var tried = 0
        for text in try Self.runbooks() {
            let lines = lines(of: text).map { line in
                let blanks = line.prefix { $0 == " " }.count
                let rest = String(line.dropFirst(blanks))
                // What stands below a dash must stay in line with what stands beside it.
                let dash = "-" + String(repeating: " ", count: width - 1)
                return String(repeating: " ", count: blanks / 2 * width + blanks % 2)
                    + (rest.hasPrefix("- ") ? dash + rest.dropFirst(2) : rest)
            }
            let wide = lines.joined(separator: "\n")
            guard loadRunbook(SourceText(name: "wide.yaml", wide)).0 != nil else { continue }
            tried += 1
            let once = formatted(wide)
            #expect(once != wide)
            #expect(formatted(once) == once)
            #expect(words(once) == words(text))
        }
        // Without its files a runbook that uses another one is refused; most are not of that kind.
        #expect(tried >= 9)
    }

    @Test func blanksAtTheEndsOfLinesGo() throws {
        var tried = 0
        for text in try Self.runbooks() where text.firstRange(of: "|\n") == nil {
            let lines = lines(of: text)
            let spoilt = lines.joined(separator: "  \n\n\n") + "\n\n"
            guard loadRunbook(SourceText(name: "spoilt.yaml", spoilt)).0 != nil else { continue }
            tried += 1
            #expect(self.lines(of: formatted(spoilt)).filter { !$0.isEmpty } == lines.filter { !$0.isEmpty })
        }
        #expect(tried >= 4)
    }
}

import Glibc
import RunbookDiagnostics
import RunbookLanguage
import RunbookTestSupport
import Testing

/// What the pages for people name is there.
@Suite struct PageTests {
    /// Links within the repository lead to a file, and to a heading of it where they say so.
    @Test(arguments: try Repository.pages()) func linksLead(_ path: String) throws {
        let page = try Page(path)
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        for link in page.links where !link.hasPrefix("https://") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let file = parts[0].isEmpty ? path : normalized("\(folder)/\(parts[0])")
            #expect(Repository.exists(file), "\(path) links to \(link)")
            if parts.count > 1, file.hasSuffix(".md"), Repository.exists(file) {
                #expect(try Page(file).anchors.contains(parts[1]), "\(path) links to \(link)")
            }
        }
    }

    /// A word in backticks that begins with a folder of the repository is a file or a folder of it.
    @Test(arguments: try Repository.pages()) func filesNamedAreThere(_ path: String) throws {
        for text in try Page(path).quoted {
            let word = String(text.split(separator: " ").first ?? "")
            let folders = ["script/", "docs/", "Sources/", "Tests/", "runbooks/", ".ci/", "Benchmarks/"]
            guard folders.contains(where: { word.hasPrefix($0) }), !word.contains("…"), !word.contains("*")
            else { continue }
            let file = word.split(separator: "#").first.map(String.init) ?? word
            #expect(Repository.exists(file) || isPrivate(file), "\(path) names \(text)")
        }
    }

    /// The runbooks that the pages print are runbooks.
    @Test(arguments: try Repository.pages()) func runbooksPrintedLoad(_ path: String) throws {
        for block in try Page(path).blocks("yaml runbook") {
            let (_, problems) = loadRunbook(SourceText(name: path, block))
            #expect(DiagnosticRenderer().render(Diagnostics(problems)) == "")
        }
    }

    /// What a runbook or a message of the program sends its reader to.
    @Test func pagesThatAreReferredToHaveTheirHeading() throws {
        let files =
            try Repository.files(in: "runbooks", ending: [".yaml"])
            + Repository.files(in: "Sources", ending: [".swift", ".sh", ".c", ".h", ".yaml"])
        var checked = 0
        for file in files {
            for match in try Repository.text(file).matches(of: /docs\/([a-z0-9\/-]+\.md)(?:#([a-z0-9-]+))?/) {
                let page = "docs/\(match.1)"
                try #require(Repository.exists(page), "\(file) refers to \(page)")
                if let anchor = match.2 {
                    #expect(try Page(page).anchors.contains(String(anchor)), "\(file) refers to \(match.0)")
                }
                checked += 1
            }
        }
        #expect(checked > 5)
    }

    private func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Files that a user makes and git ignores.
    private func isPrivate(_ file: String) -> Bool { file.hasSuffix(".site.yaml") }
}

/// Commands that the pages print are commands of the built program.
@Suite(.timeLimit(.minutes(1))) struct CommandLineTests {
    /// Beside the tests in the build folder.
    private static func program() throws -> String {
        let path = try runChecked(["readlink", "/proc/\(getpid())/exe"]).split(separator: "\n").joined()
        return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/runbook"
    }

    /// The commands of the shell blocks, as they are typed; without comments.
    private static func commands() throws -> [String] {
        try Repository.pages().flatMap { path in
            try Page(path).fenced("sh").filter { $0.hasPrefix("runbook ") }
                .map { line in String(line.split(separator: "#")[0]) }
        }
    }

    /// Each is parsed in an empty folder, where it ends because the runbook is not there. 64 is wrong usage.
    @Test func theirUsageIsRight() throws {
        let folder = try TemporaryDirectory("commands"), program = try Self.program()
        let commands = try Self.commands()
        #expect(commands.count > 5)
        for command in commands {
            let words = command.split(separator: " ").dropFirst().joined(separator: " ")
            let result = try run(["sh", "-c", "cd \(folder.path) && exec \(program) \(words)"])
            #expect(result.status != 64, "\(command): \(result.errors)")
        }
    }

    /// In running text only the command's name counts.
    @Test func theirNamesAreThere() throws {
        let program = try Self.program()
        let known = Set(
            try runChecked([program, "help"]).matches(of: #/(?m)^  ([a-z]+)  /#).map { String($0.1) })
        #expect(known.isSuperset(of: ["run", "status", "lab"]))
        for path in try Repository.pages() {
            let names = try Page(path).quoted.filter { $0.hasPrefix("runbook ") }
            for name in names.map(Self.command) where name.first?.isLetter == true {
                #expect(known.contains(name), "\(path) names runbook \(name)")
            }
        }
        // What the program itself advises.
        for path in try Repository.files(in: "Sources", ending: [".swift", ".sh", ".yaml"]) {
            for line in try Repository.text(path).split(separator: "\n") where !isComment(line) {
                for match in line.matches(of: /`runbook ([a-z]+)[^`]*`/) {
                    #expect(known.contains(String(match.1)), "\(path) names \(match.0)")
                }
            }
        }
    }

    private func isComment(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        return text.hasPrefix("//") || text.hasPrefix("#")
    }

    private static func command(_ text: String) -> String {
        String(text.split(separator: " ")[1])
    }
}

/// docs/testing.md names tests that are there.
@Suite struct TestingPageTests {
    @Test func testsNamedAreThere() throws {
        let names = try Page("docs/testing.md").quoted.filter { name in
            name.contains { $0.isUppercase } && name.allSatisfy { $0.isLetter || $0.isNumber }
                && name.first?.isLowercase == true
        }
        let sources = try Repository.files(in: "Tests", ending: [".swift"]).map(Repository.text)
        let missing = Set(names).filter { name in
            !sources.contains {
                $0.firstRange(of: "func \(name)(") != nil || $0.firstRange(of: "case \(name)") != nil
                    || $0.firstRange(of: ", \(name) }") != nil || $0.firstRange(of: ", \(name), ") != nil
            }
        }
        #expect(missing.sorted() == [])
        #expect(names.count > 30)
    }
}

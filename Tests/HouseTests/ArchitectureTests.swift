import Testing

/// docs/architecture.md draws what Package.swift says, and the sources keep its laws.
@Suite struct ArchitectureTests {
    @Test func theDrawingIsThePackage() throws {
        let drawn = try Self.drawing(), built = try Manifest.arrows()
        #expect(drawn == built)
        #expect(drawn.keys.sorted() == (try Repository.names(in: "Sources")))
    }

    @Test func everyRoomHasALine() throws {
        let page = try Page("docs/architecture.md")
        let rows = page.prose.filter { $0.hasPrefix("| `") }.compactMap { Page.quoted(in: $0).first }
        #expect(rows.sorted() == (try Repository.names(in: "Sources")))
    }

    /// A law is: this call or import stands only in files with these beginnings.
    @Test(arguments: [
        Law("posix_spawn", only: ["Sources/RunbookTransport/LocalProcess.swift", "Sources/RunbookLab/"]),
        Law("print(", only: ["Sources/RunbookCLI/", "Sources/RunbookTerminal/"]),
        Law("import ArgumentParser", only: ["Sources/RunbookCLI/"]),
        Law("import CLibSSH", only: ["Sources/RunbookSSH/", "Sources/RunbookLab/"]),
    ])
    func lawHolds(_ law: Law) throws {
        let files = try Repository.files(in: "Sources", ending: [".swift"])
        let breakers = try files.filter { file in
            guard !law.places.contains(where: { file.hasPrefix($0) }) else { return false }
            return try Repository.text(file).split(separator: "\n").contains { line in
                !line.drop { $0 == " " }.hasPrefix("//") && law.isBroken(by: line)
            }
        }
        #expect(breakers == [])
    }

    struct Law: CustomTestStringConvertible {
        let text: String
        let places: [String]
        init(_ text: String, only places: [String]) {
            self.text = text
            self.places = places
        }
        var testDescription: String { text }

        /// Not as the end of a longer name, a member or a declaration.
        func isBroken(by line: Substring) -> Bool {
            line.ranges(of: text).contains { range in
                let before = line[..<range.lowerBound]
                guard let last = before.last else { return true }
                return !last.isLetter && last != "_" && last != "." && !before.hasSuffix("func ")
            }
        }
    }

    /// The arrows of the drawing: `A -> B C`, continued on indented lines.
    private static func drawing() throws -> [String: Set<String>] {
        var arrows: [String: Set<String>] = [:], room = ""
        for line in try Page("docs/architecture.md").fenced("rooms") {
            var words = line.split(separator: " ").map(String.init)
            if !line.hasPrefix(" ") {
                guard words.count > 1, words[1] == "->" else { continue }
                room = words.removeFirst()
                words.removeFirst()
            }
            arrows[room, default: []].formUnion(words)
        }
        return arrows
    }
}

/// The targets of Package.swift that live in Sources/, read from its text: `swift package describe` would wait
/// for the lock that the running `swift test` holds.
private enum Manifest {
    static func arrows() throws -> [String: Set<String>] {
        let text = try Repository.text("Package.swift")
        guard let start = text.firstRange(of: "targets: [\n        //") else { return [:] }
        var arrows: [String: Set<String>] = [:]
        for call in calls(in: text[start.upperBound...]) {
            guard !call.hasPrefix(".testTarget"), !call.hasPrefix("tests("), !call.contains("path: \"Tests/")
            else {
                continue
            }
            var words = literals(in: call.prefix(upTo: endOfDependencies(in: call)))
            guard !words.isEmpty else { continue }
            arrows[words.removeFirst()] = Set(words)
            if let product = call.firstMatch(of: /\.product\(name: "([^"]+)"/) {
                arrows[literals(in: call)[0], default: []].insert(String(product.1))
            }
        }
        return arrows
    }

    /// From the name up to the end of `uses: [...]` or `dependencies: [...]`; the name alone without them.
    private static func endOfDependencies(in call: Substring) -> Substring.Index {
        if let list = call.firstMatch(of: /(?:uses|dependencies): \[[^\]]*\]/) {
            return list.range.upperBound
        }
        return call.firstIndex(of: ",") ?? call.endIndex
    }

    private static func literals(in text: Substring) -> [String] {
        text.matches(of: /"([^"]+)"/).map { String($0.1) }
    }

    /// The calls that make one target each, with what stands between their parentheses.
    private static func calls(in text: Substring) -> [Substring] {
        text.matches(of: /(?m)^        (?:room|tests|\.[a-zA-Z]+)\(/).map { match in
            var depth = 0
            var index = match.range.lowerBound
            while index < text.endIndex {
                if text[index] == "(" { depth += 1 }
                if text[index] == ")" {
                    depth -= 1
                    if depth == 0 { break }
                }
                index = text.index(after: index)
            }
            return text[text.index(match.range.lowerBound, offsetBy: 8)..<index]
        }
    }
}

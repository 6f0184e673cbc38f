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

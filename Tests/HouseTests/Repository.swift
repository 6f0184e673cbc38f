import FoundationEssentials
import RunbookTestSupport

/// The files of this repository, by their path from its top folder.
enum Repository {
    static let root = String(#filePath.dropLast("/Tests/HouseTests/Repository.swift".count))

    static func text(_ path: String) throws -> String {
        String(decoding: try readFile("\(root)/\(path)"), as: UTF8.self)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    /// The names in a folder, sorted.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted()
    }

    /// All files below a folder that end so, sorted.
    static func files(in folder: String, ending: [String]) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
            .filter { path in ending.contains { path.hasSuffix($0) } }.map { "\(folder)/\($0)" }.sorted()
    }

    /// The pages for people: at the top, in docs/ and docs/decisions/.
    static func pages() throws -> [String] {
        try names(in: ".").filter { $0.hasSuffix(".md") } + files(in: "docs", ending: [".md"])
    }
}

/// A page in Markdown: what its tests need of it.
struct Page {
    let path: String
    let text: String
    let lines: [Substring]

    init(_ path: String) throws {
        self.path = path
        text = try Repository.text(path)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The texts of the fenced blocks that begin with this word.
    func blocks(_ word: String) -> [String] {
        var blocks: [String] = [], fence: Substring?
        for line in lines {
            if line.hasPrefix("```") {
                fence = fence == nil ? line.dropFirst(3) : nil
                if let fence, fence == word { blocks.append("") }
            } else if let fence, fence == word {
                blocks[blocks.count - 1] += "\(line)\n"
            }
        }
        return blocks
    }

    /// The lines of all those blocks.
    func fenced(_ word: String) -> [Substring] {
        blocks(word).flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    /// The lines outside of fences.
    var prose: [Substring] {
        var isFenced = false
        return lines.filter { line in
            if line.hasPrefix("```") {
                isFenced.toggle()
                return false
            }
            return !isFenced
        }
    }

    /// The anchors of its headings, as the usual forges make them: small letters, punctuation left out, hyphens
    /// for blanks.
    var anchors: Set<String> {
        Set(prose.filter { $0.hasPrefix("#") }.map { Self.anchor($0.drop { $0 == "#" }.dropFirst()) })
    }

    static func anchor(_ heading: some StringProtocol) -> String {
        heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            .replacing(" ", with: "-")
    }

    /// What stands between backticks in the prose.
    var quoted: [String] { prose.flatMap { Self.quoted(in: $0) } }

    static func quoted(in line: Substring) -> [String] {
        let parts = line.split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 && $0 < parts.count - 1 }.map { String(parts[$0]) }
    }

    /// The targets of its links, as they are written.
    var links: [String] {
        prose.flatMap { line in line.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) } }
    }
}
